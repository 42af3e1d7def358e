/** Lets all that is queued run: every microtask, and what they queue. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** How many microtasks it takes until the reactions of `promise` run. */
export async function hops(promise: Promise<unknown>): Promise<number> {
  const state = watch(promise);
  let count = 0;
  while (state()[0] === "pending") {
    await Promise.resolve();
    count++;
  }
  return count;
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

/** What became of a promise so far: `["pending"]`, `["kept", value]` or `["broken", reason]`. */
export function watch(promise: Promise<unknown>): () => readonly [state: string, value?: unknown] {
  let state: readonly [string, unknown?] = ["pending"];
  promise.then(
    (value) => {
      state = ["kept", value];
    },
    (reason: unknown) => {
      state = ["broken", reason];
    },
  );
  return () => state;
}
