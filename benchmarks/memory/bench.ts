// Measures the memory that is held while new keys never end, into docs/reliability.md:  pnpm bench:memory [--only cache] (then it is
// printed, and not written)
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "../harness/result.ts";
import { writeBetween } from "../harness/written-page.ts";
import { type Look, looks } from "./looks.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: "string" } } });
const [asked] = positionals;

if (asked !== undefined) {
  // One measurement, in a separate process.
  console.log(JSON.stringify(await looks.get(asked)!()));
} else {
  const names = [...looks.keys()].filter((name) => values.only === undefined || name === values.only);
  if (names.length === 0) {
    console.error(`There is no look "${values.only}". The looks: ${[...looks.keys()].join(", ")}`);
    process.exit(2);
  }
  const seen = names.map((name) => look(name));
  for (const { what, held, bytes, each } of seen) console.log(`${what}: ${held}, ${inMegabytes(bytes)}; ${each}`);
  if (values.only === undefined) console.log(`Written: ${write(seen)}`);
}

function look(name: string): Look {
  const script = join(import.meta.dirname, "bench.ts");
  return JSON.parse(
    execFileSync(process.execPath, ["--expose-gc", script, name], { encoding: "utf8", timeout: 120_000 }),
  ) as Look;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function write(seen: readonly Look[]): string {
  const rows = seen.map(({ what, held, bytes, each }) => `| ${what} | ${held} | ${inMegabytes(bytes)} | ${each} |`);
  return writeBetween("docs/reliability.md", "pnpm bench:memory", [
    `\`pnpm bench:memory\` on ${new Date().toISOString().slice(0, 10)}, ${machine()}:`,
    ["| | held | at most, of the heap | each |", "| --- | --- | ---: | --- |", ...rows].join("\n"),
  ]);
}
