import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Those that must not outlive this process. */
const children = new Set<ChildProcess>();

/** The process ends with this one at the latest: when this one exits, and when it is told to, also while it is paused. */
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
  // As if nobody had listened.
  unlisten();
  process.kill(process.pid, signal);
}

/** A process that is stopped must be told to go on before it ends on every system. */
function end(child: ChildProcess): void {
  child.kill("SIGCONT");
  child.kill("SIGKILL");
}

/** Ends a process at once, also while it is paused; kept when it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  end(child);
  await closed;
}
