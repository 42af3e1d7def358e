// What is asked, measured and printed:  pnpm bench [question ...] [--quick]
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Question, Variant } from "./question.ts";

const folder = join(import.meta.dirname, "../questions");
const all = readdirSync(folder).map((file) => basename(file, ".ts"));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: "boolean" } } });
const unknown = positionals.find((name) => !all.includes(name));
if (unknown !== undefined) {
  console.error(`There is no question "${unknown}". The questions: ${all.join(", ")}`);
  process.exit(2);
}

const load = loadavg()
  .map((each) => each.toFixed(1))
  .join(" ");
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${load}\n`);
for (const name of positionals.length > 0 ? positionals : all) await ask(name);

async function ask(name: string): Promise<void> {
  const file = join(folder, `${name}.ts`);
  const { question } = (await import(pathToFileURL(file).href)) as { question: Question };
  const children = question.variants.map((variant) => start(file, variant));
  const figures = new Map<Variant, number[]>(question.variants.map((variant) => [variant, []]));
  try {
    for (const child of children) await tell(child, "warm");
    // In turns, so that what else the machine does befalls all alike.
    for (let round = 0; round < (values.quick ? 5 : 21); round++) {
      for (const [index, variant] of question.variants.entries()) {
        figures.get(variant)?.push(await tell(children[index]!, "round"));
      }
    }
    const bytes: number[] = [];
    for (const variant of question.variants) bytes.push(await bytesOf(file, variant));
    print(name, question, figures, bytes);
  } finally {
    for (const child of children) child.kill();
  }
}

function start(file: string, variant: Variant, flags: readonly string[] = []): ChildProcess {
  return fork(join(import.meta.dirname, "child.ts"), [file, variant.name], { execArgv: [...flags] });
}

/** In a process where young objects stay where they are until the round is over, which makes all of it slow. */
async function bytesOf(file: string, variant: Variant): Promise<number> {
  const child = start(file, variant, ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"]);
  try {
    await tell(child, "warm");
    return await tell(child, "bytes");
  } finally {
    child.kill();
  }
}

async function tell(child: ChildProcess, message: string): Promise<number> {
  child.send(message);
  const [figure] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("A variant ended before it was done."))),
  ])) as [number];
  return figure;
}

function print(
  name: string,
  { title, unit, variants, reference }: Question,
  figures: ReadonlyMap<Variant, readonly number[]>,
  bytes: readonly number[],
): void {
  const rows = variants.map((variant, index) => {
    const sorted = [...(figures.get(variant) ?? [])].sort((one, other) => one - other);
    return {
      ...variant,
      median: sorted[sorted.length >> 1]!,
      from: sorted[0]!,
      to: sorted.at(-1)!,
      bytes: bytes[index]!,
    };
  });
  const bare = rows[0]!;
  const held = rows.find((row) => row.name === reference);
  const width = Math.max(...rows.map((row) => row.name.length));
  const right = (text: string | number, to = 9): string => String(text).padStart(to);
  console.log(`${name}: ${title}`);
  console.log(
    `${"".padEnd(width)}${right(`ns/${unit}`)}${right("min")}${right("max")}${right("bytes")}${right(`/ ${bare.name}`, 12)}` +
      (held === undefined ? "" : right(`/ ${held.name}`, held.name.length + 5)),
  );
  for (const row of rows) {
    console.log(
      row.name.padEnd(width) +
        [row.median, row.from, row.to, row.bytes].map((figure) => right(Math.round(figure))).join("") +
        right((row.median / bare.median).toFixed(2), 12) +
        (held === undefined ? "" : right((row.median / held.median).toFixed(2), held.name.length + 5)),
    );
  }
  console.log();
}
