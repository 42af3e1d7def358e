// Runs the simulations:  pnpm lab [name ...] [--short] [--write]
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { svgOf } from "./report/chart.ts";
import { pageOf } from "./report/page.ts";
import { textOf } from "./report/text.ts";
import { type Findings, outside, type Simulation } from "./simulation.ts";
import { simulations } from "./simulations.ts";

const usage = `usage: pnpm lab [name ...] [--short] [--write]

  --short   what the tests run: seconds instead of minutes
  --write   writes docs/lab.md and its drawings; all of them, in full

names: ${simulations.map(({ name }) => name).join(", ")}`;

const { positionals: names, short, write } = readArguments();
const chosen = simulations.filter(({ name }) => names.length === 0 || names.includes(name));
const results: [Simulation, Findings][] = [];
for (const simulation of chosen) {
  const findings = await simulation.run(short ? "short" : "full");
  results.push([simulation, findings]);
  console.log(textOf(simulation, findings));
}
if (write) writePage();
if (results.some(([, findings]) => outside(findings).length > 0)) process.exitCode = 1;

function readArguments() {
  const { positionals, values } = parse();
  const unknown = positionals.filter((name) => !simulations.some((each) => each.name === name));
  if (unknown.length > 0) refuse(`There is no simulation "${unknown.join(" ")}".`);
  if (values.write && (values.short || positionals.length > 0)) refuse("--write is for all simulations, in full.");
  return { positionals, ...values };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { short: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(problem: string): never {
  console.error(`${problem}\n\n${usage}`);
  process.exit(2);
}

function writePage(): void {
  const docs = join(import.meta.dirname, "../../../docs");
  mkdirSync(join(docs, "lab"), { recursive: true });
  const page = join(docs, "lab.md");
  writeFileSync(page, pageOf(results));
  execFileSync("oxfmt", [page], { stdio: "inherit" });
  for (const [{ name }, { chart }] of results) writeFileSync(join(docs, "lab", `${name}.svg`), svgOf(chart));
}
