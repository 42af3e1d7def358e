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
    // Rejections are reported when the microtasks have run.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return reported;
}
