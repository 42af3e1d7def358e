import { readdirSync, readFileSync } from "node:fs";

/** The variable that says which command a process belongs to. Its child processes inherit it, also in other process groups. */
const variable = "SLUICE_COMMAND";
let commands = 0;

/** Marks a command, also one within a command. Start it with this environment. */
export function marked(env: NodeJS.ProcessEnv): { readonly mark: string; readonly env: NodeJS.ProcessEnv } {
  const mark = `${process.env[variable] ?? ""}/${process.pid}-${++commands}`;
  return { mark, env: { ...env, [variable]: mark } };
}

/** Kills the remaining processes that a command has started, where the system lists them (Linux). */
export function endMarked(mark: string): void {
  // Processes that are started meanwhile are found the next time; their parents have ended by then.
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

/** Empty for zombies, and for other users' processes. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
