import { readdirSync, readFileSync } from "node:fs";

/** The variable that says which command a process belongs to. What a process starts has it, too, also in a process group of its own. */
const variable = "SLUICE_COMMAND";
let commands = 0;

/** Marks one command, and a command within a command. The environment is the one to start it with. */
export function marked(env: NodeJS.ProcessEnv): { readonly mark: string; readonly env: NodeJS.ProcessEnv } {
  const mark = `${process.env[variable] ?? ""}/${process.pid}-${++commands}`;
  return { mark, env: { ...env, [variable]: mark } };
}

/** Ends at once what a command has started and not ended, where the system tells (Linux). */
export function endMarked(mark: string): void {
  // Who starts others while we look is found the next time; who started them is gone by then.
  for (let round = 0; round < 5; round++) {
    const found = withMark(mark);
    for (const pid of found) end(pid);
    if (found.length === 0) return;
  }
}

export function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

function withMark(mark: string): readonly number[] {
  if (process.platform !== "linux") return [];
  const isOfIt = new RegExp(`(?:^|\0)${variable}=${mark}[/\0]`);
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isOfIt.test(`${environmentOf(pid)}\0`));
}

/** Empty for who has ended and waits to be asked how, and for processes of others. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
