import { globSync } from "node:fs";
import { join } from "node:path";
import { command, eachOfTwo, root } from "../command.ts";
import { seeded } from "../seeded.ts";
import type { Outcome } from "./step.ts";

/** Runs every file in examples/, which must succeed. */
export async function examples(): Promise<Outcome> {
  const files = globSync("*.ts", { cwd: join(root, "examples") }).sort();
  const ends = await eachOfTwo(files, (file) =>
    command("node", [...seeded, file], { cwd: join(root, "examples"), within: 180 }),
  );
  const told = files.map((file, index) => ({ file, ...ends[index]! }));
  const wrong = told.filter(({ ok }) => !ok);
  const output = (wrong.length > 0 ? wrong : told)
    .map((each) => `examples/${each.file} (${each.seconds.toFixed(1)} s)\n${each.output}`)
    .join("\n\n");
  return wrong.length === 0
    ? { ok: true, summary: `${files.length} ran`, output }
    : { ok: false, broken: `${wrong.length} of ${files.length} examples failed.`, output };
}
