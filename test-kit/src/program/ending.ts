import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Processes that must not outlive this one. */
const children = new Set<ChildProcess>();

/** Ends the child process at the latest when this process exits or gets a signal, also while the child is paused. */
export function endWithThisProcess(child: ChildProcess): void {
  if (children.size === 0) listen();
  children.add(child);
  child.once("exit", () => {
    children.delete(child);
    if (children.size === 0) unlisten();
  });
}

const signals = ["SIGINT", "SIGTERM"] as const;

function listen(): void {
  process.on("exit", endAll);
  for (const signal of signals) process.on(signal, endAllAnd);
}

function unlisten(): void {
  process.off("exit", endAll);
  for (const signal of signals) process.off(signal, endAllAnd);
}

function endAll(): void {
  for (const child of children) end(child);
}

function endAllAnd(signal: NodeJS.Signals): void {
  endAll();
  // As without a listener.
  unlisten();
  process.kill(process.pid, signal);
}

/** On some systems a stopped process must be continued before it ends. */
function end(child: ChildProcess): void {
  child.kill("SIGCONT");
  child.kill("SIGKILL");
}

/** Kills a process, also while it is paused; resolves when it has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  end(child);
  await closed;
}
