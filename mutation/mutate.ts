// Tests the tests: breaks the sources in every way that a mutator knows, one at a time, and counts what no test notices.
//   pnpm mutate [package ...] [--only glob] [--concurrency 2] [--force]
// It fails when more than one in ten goes unnoticed in a package.
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";

const root = join(import.meta.dirname, "..");
/** These were left out so far. */
const leftOut = ["testing", "trace", "util"];
const all = readdirSync(join(root, "packages")).filter((name) => !leftOut.includes(name));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  // By default, mutants are tried again only where they or the tests that reach them have changed since.
  options: {
    force: { type: "boolean", default: false },
    // The sources to break, below a package's src.
    only: { type: "string", default: "**/*.ts" },
    concurrency: { type: "string", default: "2" },
  },
});

const asked = positionals.length > 0 ? positionals : all;
for (const name of asked) {
  if (all.includes(name)) continue;
  console.error(`There are no mutants of ${name}, but of ${all.join(", ")}.`);
  process.exit(2);
}

type Mutant = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

/** Tries every mutant of one package on the package's own tests. */
function mutantsOf(name: string): Promise<Mutant[]> {
  // The runners of the tests inherit it, and read it in vitest.config.ts.
  process.env["MUTATED_PACKAGE"] = name;
  const reports = join(root, "coverage/mutation");
  mkdirSync(reports, { recursive: true });
  return new Stryker({
    mutate: [`packages/${name}/src/${values.only}`],
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "mutation/vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    concurrency: Number(values.concurrency),
    // Outside of the tree, so that nobody who works in it meets a mutant.
    tempDirName: join(tmpdir(), `sluice-mutants-${process.pid}`),
    cleanTempDir: "always",
    incremental: true,
    force: values.force,
    incrementalFile: join(reports, `${name}.incremental.json`),
    reporters: ["html", "progress-append-only"],
    htmlReporter: { fileName: join(reports, `${name}.html`) },
    // The time that the tests take on a machine at rest, as often as this.
    timeoutFactor: 4,
    timeoutMS: 5000,
    warnings: false,
  }).runMutationTest();
}

function count(mutants: readonly Mutant[], status: Mutant["status"]): number {
  return mutants.filter((mutant) => mutant.status === status).length;
}

const least = 90;
const rows: Record<string, string | number>[] = [];
const left: string[] = [];
for (const name of asked) {
  const mutants = await mutantsOf(name);
  const [killed, timedOut] = [count(mutants, "Killed"), count(mutants, "Timeout")];
  const [survived, notReached] = [count(mutants, "Survived"), count(mutants, "NoCoverage")];
  const valid = killed + timedOut + survived + notReached;
  const score = ((killed + timedOut) / valid) * 100;
  if (score < least) process.exitCode = 1;
  rows.push({
    package: name,
    mutants: valid,
    killed,
    "timed out": timedOut,
    survived,
    "not reached": notReached,
    "killed or timed out, %": Number(score.toFixed(1)),
  });
  for (const { status, fileName, location, mutatorName, replacement } of mutants) {
    if (status !== "Survived" && status !== "NoCoverage") continue;
    const { line, column } = location.start;
    left.push(`${relative(root, fileName)}:${line}:${column}  ${mutatorName}  ${replacement ?? ""}`);
  }
}
console.log(["", "What no test noticed:", ...left].join("\n"));
console.table(rows);
