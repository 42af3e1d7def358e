import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

export const root = join(import.meta.dirname, "..");

interface Ended {
  readonly ok: boolean;
  /** What it said, on both streams, in the order it said it. */
  readonly output: string;
  readonly seconds: number;
}

interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A command that has not ended by then, in seconds, has failed. */
  readonly within?: number;
}

/** The process groups of what is running. */
const groups = new Set<number>();

// They are not the terminal's foreground, so a Ctrl-C reaches them only from here.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const group of groups) kill(group);
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
}

function kill(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

/** Runs a program to its end. One that fails, or cannot be started, is an answer and not an exception. */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { cwd = root, env = process.env, within = 1_200 } = options;
  const began = performance.now();
  return new Promise((resolve) => {
    let output = "";
    // A group of its own, so that a time-out ends what the program has started, too.
    const child = spawn(file, args, {
      cwd,
      // What is kept for later is plain text; who colours it all the same is stripped in the end.
      env: { ...env, NO_COLOR: "1", FORCE_COLOR: undefined },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const timer = setTimeout(() => {
      output += `\nIt had not ended after ${within} s, and was stopped.\n`;
      if (child.pid !== undefined) kill(child.pid);
    }, within * 1000);
    if (child.pid !== undefined) groups.add(child.pid);
    const end = (ok: boolean) => {
      clearTimeout(timer);
      if (child.pid !== undefined) groups.delete(child.pid);
      resolve({
        ok,
        output: stripVTControlCharacters(output).trim(),
        seconds: (performance.now() - began) / 1000,
      });
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => {
      output += error.message;
      end(false);
    });
    child.on("close", (code) => end(code === 0));
  });
}

/** Does `work` for each of `items`, at most two at a time: one for each core of a small machine. */
export async function eachOfTwo<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as Item);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}
