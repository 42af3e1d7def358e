import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type FakeTimers, scenarios } from "../runners/scenarios.ts";

const run = promisify(execFile);
const runners = join(import.meta.dirname, "../runners");

type Faked = NonNullable<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"]>;

const timersOf = (toFake?: Faked): FakeTimers => ({
  install: () => void vi.useFakeTimers(toFake && { toFake }),
  advance: (ms) => void vi.advanceTimersByTime(ms),
  clear: () => void vi.clearAllTimers(),
  uninstall: () => void vi.useRealTimers(),
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each<[string, FakeTimers]>([
  ["which fake the time, too", timersOf()],
  ["which leave the time as it is", timersOf(["setTimeout", "clearTimeout"])],
])("under vitest's fake timers, %s", (_which, timers) => {
  test.each(Object.entries(scenarios))("%s", async (_name, scenario) => {
    timers.install();
    await expect(scenario(timers)).resolves.toBeUndefined();
  });
});

// The sources are TypeScript, which Node.js 20 does not run.
const readsTypes = "typescript" in process.features && process.features.typescript !== false;
const runnersOnSources = readsTypes ? describe : (): void => {};

runnersOnSources("under other runners, as they are", () => {
  // Otherwise a test file that is run by another test would report to it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const count = Object.keys(scenarios).length;

  test("node:test", async () => {
    const file = join(runners, "with-node-test.ts");
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", file], { env }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toContain(`# pass ${count}\n# fail 0`);
  });

  test("Jest, in its environments", async () => {
    const bin = join(runners, "../node_modules/jest/bin/jest.js");
    const args = ["--experimental-vm-modules", bin, "--config", join(runners, "jest.config.mjs"), "--json"];
    const { stdout } = await run(process.execPath, args, { env }).catch((error: { stdout: string }) => error);
    const { numPassedTests, testResults } = JSON.parse(stdout) as {
      readonly numPassedTests: number;
      readonly testResults: readonly { readonly status: string; readonly message: string }[];
    };
    expect(testResults.filter(({ status }) => status !== "passed").map(({ message }) => message)).toEqual([]);
    // Three kinds of timers in two environments, and those of the configuration in two more.
    expect(numPassedTests).toBe(8 * count + 4 * 2);
  }, 120_000);
});
