/**
 * A promise of `value` that behaves as promises do. `Promise.resolve` returns the very promise it is given, also one
 * whose `then` or `constructor` was replaced: that may throw, or settle twice, and counters of calls would be wrong. Such a
 * promise is followed as any thenable is. Never throws.
 */
export function promiseOf<T>(value: T | PromiseLike<T>): Promise<Awaited<T>> {
  try {
    const promise = Promise.resolve(value);
    // Looked up late: `then` itself may have been replaced for all, by what carries contexts along.
    if (promise.then === Promise.prototype.then) return promise;
  } catch {
    // Its members cannot be read. The promise below rejects with that.
  }
  return new Promise((resolve) => {
    resolve(value as Awaited<T>);
  });
}
