// Runs all checks on fresh clones of what is committed, one after the other, as CI does:  pnpm repeat <times>
//
// A test that fails by chance shows after some runs. It stops at the first run that fails, and prints where that run's output is.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { command, root } from "./command.ts";
import { outside } from "./outside.ts";

const [times] = process.argv.slice(2).map(Number);
if (times === undefined || !(Number.isInteger(times) && times > 0)) {
  console.error("usage: pnpm repeat <times>");
  process.exit(2);
}

/** In seconds: what CI allows. */
const patience = 5_400;

const { output: commit } = await command("git", ["rev-parse", "--short", "HEAD"]);
for (let run = 1; run <= times; run++) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-repeat-"));
  // That commit in each run, whatever is committed meanwhile.
  const cloned = await command("bash", [
    "-c",
    'git clone --quiet "$0" "$1" && git -C "$1" checkout --quiet "$2"',
    root,
    folder,
    commit,
  ]);
  const { ok, output, seconds } = cloned.ok
    ? await command("bash", [".ci/run"], { cwd: folder, env: { ...outside, CI: "true" }, within: patience })
    : cloned;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const tally = /^\d+ passed, \d+ failed$/m.exec(output)?.[0] ?? "did not come to its end";
  console.log(`${run} of ${times}, ${commit}: ${tally}, ${Math.round(seconds)} s, load ${loadavg()[0]!.toFixed(1)}`);
  if (ok) continue;
  const log = join(tmpdir(), `sluice-repeat-${commit}-${run}.log`);
  writeFileSync(log, `${output}\n`);
  console.log(`Its output is in ${log}`);
  process.exit(1);
}
