import { spawn } from "node:child_process";
import type { Result } from "../suite.ts";

/** The time limit of a program. */
const within = 90_000;

/** Runs the suite as a program that prints its results, as JSON, on one line. */
export function runProgram(file: string, args: readonly string[], cwd: string): Promise<readonly Result[]> {
  const child = spawn(file, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: within,
    killSignal: "SIGKILL",
    // Otherwise Deno checks for updates.
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const line = output.split("\n").find((each) => each.startsWith("["));
      if (code === 0 && line !== undefined) resolve(JSON.parse(line) as Result[]);
      else reject(new Error(`It ended with ${code ?? signal} and no results.\n${output}\n${errors}`));
    });
  });
}
