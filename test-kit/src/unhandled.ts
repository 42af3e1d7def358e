import { turn } from "./turns.ts";

/** The unhandled rejections that `run` causes. The result of `run` is awaited: to leave a promise unhandled, use `() => void promise`. */
export async function unhandledIn(run: () => unknown): Promise<readonly unknown[]> {
  const reported: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    reported.push(reason);
  });
  try {
    await run();
    // They are reported after the microtasks have run.
    await turn();
    await turn();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return reported;
}
