// Runs all checks, step by step:  npm test [-- --only <step>[,<step>]] [--verbose] [--list]
//
// A step that fails says what broke, and the others go on, so that one run shows everything. The last line counts
// the tests that vitest ran, and one for each other step.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command } from "./command.ts";
import { docs } from "./steps/docs.ts";
import { examples } from "./steps/examples.ts";
import { lockFile } from "./steps/lock-file.ts";
import { manifests } from "./steps/manifests.ts";
import { pack, publintAndAttw } from "./steps/packages.ts";
import { newPackage } from "./steps/new-package.ts";
import { packedInstall } from "./steps/packed-install.ts";
import { runtimes } from "./steps/runtimes.ts";
import { sizes } from "./steps/sizes.ts";
import { demo, livePage, tests, testsAcrossPackages, testsOnSystemNode } from "./steps/tests.ts";
import type { Outcome, Step } from "./steps/step.ts";

/** A step that is one command. */
function runs(file: string, args: readonly string[], broken: string): Step["run"] {
  return async () => {
    const { ok, output } = await command(file, args);
    return ok ? { ok } : { ok, broken, output };
  };
}

const turbo = (...tasks: string[]) => ["run", ...tasks, "--output-logs=errors-only", "--continue"];

const steps: readonly Step[] = [
  {
    name: "format",
    run: runs("oxfmt", ["--check"], "These files are not formatted. Run: pnpm format"),
  },
  {
    name: "lint",
    run: runs("oxlint", [], "oxlint found the following. Some it can mend itself: pnpm lint --fix"),
  },
  {
    name: "sherif",
    run: runs("sherif", ["--fail-on-warnings"], "The package.json files do not agree with each other."),
  },
  { name: "manifests", run: manifests },
  { name: "lock file", run: lockFile },
  {
    name: "knip",
    run: runs("knip", ["--no-config-hints"], "Something is not used, or used but not declared."),
  },
  {
    name: "types",
    run: runs(
      "turbo",
      turbo("typecheck", "typecheck:root"),
      "The sources, the tests or the type tests (*.test-d.ts) do not type-check.",
    ),
  },
  { name: "tests", run: tests },
  { name: "tests across packages", run: testsAcrossPackages },
  { name: "tests on system Node", run: testsOnSystemNode },
  { name: "demo", waits: true, run: demo },
  { name: "live page", waits: true, run: livePage },
  {
    name: "faults",
    waits: true,
    run: runs(
      "node",
      ["benchmarks/faults/bench.ts", "--only", "Sluice", "--untimed"],
      "Where the peers break, Sluice does too.",
    ),
  },
  { name: "docs", run: docs },
  { name: "examples", run: examples },
  { name: "new package", run: newPackage },
  { name: "build", run: runs("turbo", turbo("build"), "A package does not build.") },
  { name: "pack", after: ["build"], run: pack },
  { name: "publint+attw", after: ["pack"], run: publintAndAttw },
  { name: "sizes", after: ["build"], run: sizes },
  { name: "packed install", after: ["pack"], run: packedInstall },
  { name: "runtimes", after: ["pack"], run: runtimes },
];

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    list: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

if (values.list) {
  console.log(steps.map(({ name }) => name).join("\n"));
  process.exit(0);
}

const chosen = choose(values.only?.split(",").map((name) => name.trim()));
const scratch = mkdtempSync(join(tmpdir(), "sluice-"));
const began = performance.now();
const done = new Map<Step, Outcome & { seconds: number }>();
process.on("exit", () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
await runAll();
report();

/** The named steps and those that they depend on; all steps where none is named. */
function choose(names: readonly string[] | undefined): readonly Step[] {
  if (names === undefined) return steps;
  const wanted = new Set<Step>();
  const want = (name: string) => {
    const step = steps.find((each) => each.name === name);
    if (step === undefined) {
      console.error(`There is no step "${name}". The steps: ${steps.map((each) => each.name).join(", ")}`);
      process.exit(2);
    }
    step.after?.forEach(want);
    wanted.add(step);
  };
  names.forEach(want);
  return steps.filter((step) => wanted.has(step));
}

/**
 * Two at a time, and beside them one of those that wait most of the time: these start gateways and their load, so not two of them at once. Each
 * runs after those that it depends on, otherwise in the order of the list.
 */
async function runAll(): Promise<void> {
  const waiting = [...chosen];
  const running = new Map<Step, Promise<void>>();
  const mayRun = ({ after = [], waits }: Step) =>
    after.every((name) => [...done.keys()].some((step) => step.name === name)) &&
    [...running.keys()].filter((other) => other.waits === waits).length < (waits ? 1 : 2);
  while (waiting.length > 0 || running.size > 0) {
    for (let next = waiting.find(mayRun); next !== undefined; next = waiting.find(mayRun)) {
      const step = next;
      waiting.splice(waiting.indexOf(step), 1);
      const run = runOne(step).finally(() => running.delete(step));
      running.set(step, run);
    }
    await Promise.race(running.values());
  }
}

async function runOne(step: Step): Promise<void> {
  const start = performance.now();
  const lame = step.after?.find((name) => [...done].some(([each, { ok }]) => each.name === name && !ok));
  const outcome: Outcome =
    lame === undefined
      ? await step.run({ scratch }).catch((error: unknown) => ({
          ok: false,
          broken: "The step itself broke.",
          output: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }))
      : { ok: false, broken: `Not tried, because "${lame}" failed.` };
  const seconds = (performance.now() - start) / 1000;
  done.set(step, { ...outcome, seconds });
  if (outcome.ok) {
    console.log(`ok      ${step.name}${outcome.summary === undefined ? "" : `: ${outcome.summary}`}`);
    for (const note of outcome.notes ?? []) console.log(`          ${note}`);
    if (values.verbose && outcome.output) console.log(indented(outcome.output));
  } else {
    console.log(`FAILED  ${step.name}: ${outcome.broken}`);
    if (outcome.output) console.log(indented(outcome.output));
  }
}

function indented(text: string): string {
  return `\n${text.replace(/^/gm, "        ")}\n`;
}

function report(): void {
  const width = Math.max(...chosen.map(({ name }) => name.length));
  let passed = 0;
  let failed = 0;
  console.log("");
  for (const step of chosen) {
    const { ok, seconds, counts = { passed: ok ? 1 : 0, failed: ok ? 0 : 1 } } = done.get(step)!;
    passed += counts.passed;
    failed += counts.failed;
    console.log(`${ok ? "ok    " : "FAILED"}  ${step.name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`);
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`        ${"in all".padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s\n`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
