import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const run = promisify(execFile);
const plain = (file: string): string => join(import.meta.dirname, "plain", file);
// The sources are TypeScript, which not every Node.js reads; what is packed is tried on the others, too.
const readsTypes = "typescript" in process.features && process.features.typescript !== false;

describe.skipIf(!readsTypes)("checkContract outside vitest", () => {
  test("when there is no test runner: finds the same, and lets the process end", async () => {
    const { stdout, stderr } = await run(process.execPath, [plain("check.ts")]);
    expect(JSON.parse(stdout)).toEqual([
      ["Semaphore", []],
      ["deaf", [5]],
    ]);
    expect(stderr).toBe("");
  });

  test("under node:test", async () => {
    // A test file that is run by another would otherwise report to it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", plain("with-node-test.ts")], {
      env,
    });
    expect(stdout).toContain("# pass 1");
    expect(stdout).toContain("# fail 0");
  });
});
