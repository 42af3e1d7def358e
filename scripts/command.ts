import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { end as endProcess, endMarked, marked } from "./left-running.ts";

export const root = join(import.meta.dirname, "..");

interface Ended {
  readonly ok: boolean;
  /** Its output, of both streams, in order. */
  readonly output: string;
  readonly seconds: number;
}

interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The time limit, in seconds: a command that takes longer fails. */
  readonly within?: number;
}

/** Functions that end the running commands. */
const running = new Set<() => void>();

// They are not in the terminal's foreground group, so only this process can pass a Ctrl-C on.
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
 * Runs a program to its end. A failure, also to start it, is a result and not an exception. Processes that it has started end with it: a
 * server that a test forgets, or a browser in its own process group, would disturb later commands.
 */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { cwd = root, env = process.env, within = 600 } = options;
  const began = performance.now();
  return new Promise((resolve) => {
    let output = "";
    const { mark, env: own } = marked(env);
    // Its own process group, so that a timeout also ends processes that the program has started.
    const child = spawn(file, args, {
      cwd,
      // The kept output is plain text; colours that a program still writes are stripped at the end.
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
    // A remaining process may hold the output open. What was written before is read.
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
