/** Runs all queued microtasks, and those that they queue. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** How many microtasks later than a settled promise's reactions those of `promise` run. */
export function hops(promise: Promise<unknown>): Promise<number> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
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
