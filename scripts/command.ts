import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { end as endProcess, endMarked, marked } from "./left-running.ts";

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

/** How to end what is running. */
const running = new Set<() => void>();

// They are not the terminal's foreground, so a Ctrl-C reaches them only from here.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => {
    for (const end of running) end();
    process.exit(code);
  });
}

/**
 * Runs a program to its end. One that fails, or cannot be started, is an answer and not an exception. What it has started ends with it: a
 * server that a test forgets, or a browser in a process group of its own, would be in the way of all that comes later.
 */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { cwd = root, env = process.env, within = 600 } = options;
  const began = performance.now();
  return new Promise((resolve) => {
    let output = "";
    const { mark, env: own } = marked(env);
    // A group of its own, so that a time-out ends what the program has started, too.
    const child = spawn(file, args, {
      cwd,
      // What is kept for later is plain text; who colours it all the same is stripped in the end.
      env: { ...own, NO_COLOR: "1", FORCE_COLOR: undefined },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const endAll = () => {
      if (child.pid !== undefined) endProcess(-child.pid);
      endMarked(mark);
    };
    running.add(endAll);
    const timer = setTimeout(() => {
      output += `\nIt had not ended after ${within} s, and was stopped.\n`;
      endAll();
    }, within * 1000);
    const end = (ok: boolean) => {
      clearTimeout(timer);
      running.delete(endAll);
      endAll();
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
    // Who is left may hold the output open. What was written before is read until then.
    child.on("exit", () => setTimeout(endAll, 1_000).unref());
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
