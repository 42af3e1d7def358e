/** Lets all that is queued run: every microtask, and what they queue. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** How many microtasks later than a settled promise's reactions those of `promise` run. */
export function hops(promise: Promise<unknown>): Promise<number> {
  let settled = false;
  const seen = (): void => {
    settled = true;
  };
  promise.then(seen, seen);
  return new Promise((resolve) => {
    const look = (count: number): void => {
      void Promise.resolve().then(() => {
        if (settled || count > 100) resolve(count);
        else look(count + 1);
      });
    };
    look(0);
  });
}

/** What is reported as an unhandled rejection of what `run` leaves behind. */
export async function unhandledIn(run: () => unknown): Promise<readonly unknown[]> {
  const reported: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    reported.push(reason);
  });
  try {
    await run();
    await turn();
    await turn();
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return reported;
}
