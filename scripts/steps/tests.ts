import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { howToGetOne, noServer } from "../../test-kit/src/redis/index.ts";
import { command, root } from "../command.ts";
import { haveChromium } from "../../test-kit/src/chromium.ts";
import { outside } from "../outside.ts";
import type { Context, Outcome } from "./step.ts";

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

interface Coverage {
  readonly total: Readonly<Record<"branches" | "lines", { readonly pct: number }>>;
}

/** The tests of each package, with how much of its sources they cover: each covers its own. */
export async function tests({ scratch }: Context): Promise<Outcome> {
  const silent = unexplained();
  if (silent.length > 0) {
    return {
      ok: false,
      broken: "Code is excluded from coverage without a reason. Write: /* v8 ignore next -- the reason */",
      output: silent.join("\n"),
    };
  }
  const outcome = await vitest(join(scratch, "tests.json"), [
    ...globSync("packages/*/test", { cwd: root }),
    "--coverage",
    `--coverage.reportsDirectory=${join(scratch, "coverage")}`,
  ]);
  if (!outcome.ok) return outcome;
  const { total } = JSON.parse(readFileSync(join(scratch, "coverage/coverage-summary.json"), "utf8")) as Coverage;
  const covered = `${total.branches.pct} % of branches and ${total.lines.pct} % of lines covered`;
  return { ...outcome, summary: `${outcome.summary}, ${covered}` };
}

/**
 * The models and the other tests across packages, and those of what is not published. Without coverage, which would have the models take
 * half as long again.
 */
export async function testsAcrossPackages({ scratch }: Context): Promise<Outcome> {
  const projects = ["tests", ...ours].map((name) => `--project=${name}`);
  const outcome = await vitest(join(scratch, "tests-across-packages.json"), projects);
  if (!outcome.ok) return outcome;
  // Each model names the seed of its schedules, which repeats them.
  const notes = outcome.output?.split("\n").filter((line) => /^model .* seed /.test(line)) ?? [];
  return { ...outcome, notes: [...(outcome.notes ?? []), ...notes] };
}

/** The demo's tests: they start it, with its servers and its load, one after the other. */
export function demo({ scratch }: Context): Promise<Outcome> {
  return vitest(join(scratch, "demo.json"), ["--root", "apps/demo", "--exclude", `${inBrowser}**`]);
}

/** The demo's live page, in a real Chromium. Skipped on a machine, other than CI, that has none and cannot install it. */
export async function livePage({ scratch }: Context): Promise<Outcome> {
  const chromium = await haveChromium();
  if (chromium === undefined) return { ok: true, summary: "SKIPPED, for there is no Chromium here" };
  const outcome = await vitest(join(scratch, "live-page.json"), ["--root", "apps/demo", inBrowser]);
  return outcome.ok ? { ...outcome, summary: `${outcome.summary}, with ${chromium}` } : outcome;
}

const inBrowser = "test/page/";

/** In seconds. The tests take some minutes on an idle machine, and several times that on a busy one. */
const patience = 1_200;

/** One run of vitest, its results in `file`. A test that is skipped counts as one that failed. */
async function vitest(file: string, args: readonly string[]): Promise<Outcome> {
  const { ok, output } = await command(
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...args],
    { within: patience },
  );
  const results = read(file);
  if (results === undefined) return { ok: false, broken: "vitest did not come to its end.", output };
  const { numPassedTests: passed } = results;
  // With CI set there must be a server, or the files that need one fail.
  const serverless = results.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(
      ({ status, fullName }) => status !== "passed" && status !== "failed" && fullName.includes(noServer),
    ),
  ).length;
  const skipped = results.numPendingTests - serverless;
  const failed = results.numFailedTests + skipped;
  if (ok && skipped === 0) {
    const notes = serverless > 0 ? [`SKIPPED: ${serverless} tests over a real server. ${howToGetOne}`] : [];
    return { ok, summary: `${passed} passed`, notes, output, counts: { passed, failed } };
  }
  const broken =
    failed > 0
      ? `${failed} of ${results.numTotalTests} tests failed${skipped > 0 ? `, ${skipped} of them because they were SKIPPED` : ""}.`
      : "No single test failed, but the run did: too little is covered, a file did not load, or an error was left unhandled.";
  return { ok: false, broken, output, counts: { passed, failed: Math.max(failed, 1) } };
}

/** Code that no user of the packages runs, and which therefore runs only on our Node: it takes a minute, and finds nothing more. */
const ours = ["lab", "test-kit", "scripts"];

/**
 * The tests of packages again on the system's Node: packages support older versions than the one of the workspace. vitest requires a newer
 * one, too, but the pinned version runs there, except for its formatted reports.
 */
export async function testsOnSystemNode({ scratch }: Context): Promise<Outcome> {
  const version = (await command("node", ["--version"], { env: outside })).output;
  if (Number(/^v(\d+)/.exec(version)?.[1]) >= 24)
    return { ok: true, summary: `${version}, which is no older than ours` };
  const file = join(scratch, "tests-on-system-node.json");
  const program = join(root, "node_modules/vitest/vitest.mjs");
  const projects = ours.map((name) => `--project=!${name}`);
  // There an async context costs every promise a hook. So the models ran on our Node alone, and of other schedules a twentieth is run.
  const args = [program, "run", ...projects, "--exclude=models/**", "--reporter=json", `--outputFile.json=${file}`];
  const env = { SLUICE_SCHEDULES: "500", SLUICE_STACKS: "50", ...outside };
  const { ok, output } = await command("node", args, { env, within: patience });
  if (ok) return { ok, summary: version };
  const results = read(file);
  const failures = (results?.testResults ?? []).flatMap(({ name, message, assertionResults }) => [
    ...(message ? [`${name}\n${message}`] : []),
    ...assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => `${name}: ${fullName}\n${failureMessages.join("\n")}`),
  ]);
  return {
    ok,
    broken: `The tests do not pass on Node ${version}.`,
    output: failures.length > 0 ? failures.join("\n\n") : output,
  };
}

function read(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Results;
  } catch {
    return undefined;
  }
}

/** Code that is excluded from coverage without a reason. */
function unexplained(): string[] {
  return globSync("packages/*/src/**/*.ts", { cwd: root }).flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .map((line, index) => ({ line, where: `${file}:${index + 1}` }))
      .filter(({ line }) => /(?:v8|c8|istanbul) ignore(?! stop)/.test(line) && !/ignore .*-- \S.{7}/.test(line))
      .map(({ line, where }) => `${where}: ${line.trim()}`),
  );
}
