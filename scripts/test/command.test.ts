import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { command } from "../command.ts";

/** A program of Node.js that starts another in a separate process group and then runs `after`. */
const starting = (after: string) =>
  `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { detached: true, stdio: "inherit" });
process.stdout.write("started");
${after}`;

/** Running processes with this name in their environment. */
function running(name: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(name);
    } catch {
      // It has ended, or belongs to another user.
      return false;
    }
  });
}

/** A killed process takes a moment to end. */
async function nobodyRuns(name: string): Promise<void> {
  await expect.poll(() => running(name), { timeout: 15_000 }).toEqual([]);
}

describe("a command", () => {
  test("that fails is an answer, with what it said on both streams", async () => {
    const program = "process.stdout.write('one '); process.stderr.write('two'); process.exitCode = 3;";
    const { ok, output } = await command(process.execPath, ["-e", program]);
    expect(ok).toBe(false);
    expect(output.split(" ").sort()).toEqual(["one", "two"]);
  });

  test("that cannot be started is an answer", async () => {
    expect(await command("no-such-program-anywhere", [])).toMatchObject({ ok: false });
  });

  test("that takes too long is stopped, and has failed", async () => {
    const { ok, output } = await command(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { within: 0.5 });
    expect(ok).toBe(false);
    expect(output).toContain("It had not ended after 0.5 s");
  });
});

// Only Linux shows the environment of a process.
describe.each(process.platform === "linux" ? ["in a group of its own"] : [])("what a command started, %s", () => {
  test("ends with it, also where it holds the output open", async () => {
    const name = randomUUID();
    const { ok, output } = await command(process.execPath, ["-e", starting("process.exit(0);")], {
      env: { ...process.env, NAME: name },
    });
    expect({ ok, output }).toEqual({ ok: true, output: "started" });
    await nobodyRuns(name);
  });

  test("is ended with it when it takes too long", async () => {
    const name = randomUUID();
    const { ok } = await command(process.execPath, ["-e", starting("setInterval(() => {}, 1e6);")], {
      env: { ...process.env, NAME: name },
      within: 2,
    });
    expect(ok).toBe(false);
    await nobodyRuns(name);
  });

  test("is ended where the command itself runs commands, and is killed", async () => {
    const name = randomUUID();
    const inner = JSON.stringify(starting("setInterval(() => {}, 1e6);"));
    // As in scripts/command.ts: a mark within the mark, and a separate group.
    const program = `require("node:child_process").spawn(process.execPath, ["-e", ${inner}], {
      detached: true, stdio: "inherit", env: { ...process.env, SLUICE_COMMAND: process.env.SLUICE_COMMAND + "/1-1" } });
      setInterval(() => {}, 1e6);`;
    const { ok } = await command(process.execPath, ["-e", program], { env: { ...process.env, NAME: name }, within: 2 });
    expect(ok).toBe(false);
    await nobodyRuns(name);
  });
});
