import { turn } from "./turns.ts";

/**
 * What is reported as an unhandled rejection of what `run` leaves behind. What `run` answers with is awaited: a promise
 * that nobody is to look at is left by `() => void promise`.
 */
export async function unhandledIn(run: () => unknown): Promise<readonly unknown[]> {
  const reported: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    reported.push(reason);
  });
  try {
    await run();
    // They are reported when the microtasks have run.
    await turn();
    await turn();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return reported;
}
