import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * Processes that must not outlive this one: those in the set are ended when it exits, and when it is told to. They are ended also while they are
 * paused.
 */
export function endedWithThisProcess(): Set<ChildProcess> {
  const children = new Set<ChildProcess>();
  const endAll = () => {
    for (const child of children) end(child);
  };
  process.on("exit", endAll);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      endAll();
      // As if nobody had listened.
      process.kill(process.pid, signal);
    });
  }
  return children;
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
