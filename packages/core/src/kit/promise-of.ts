/**
 * A promise of `value` that behaves as promises do. `Promise.resolve` answers with the very promise it is given, also with
 * one whose `then` or `constructor` somebody has replaced: that may throw, or tell twice, and whoever counts calls would
 * count wrong. Such a promise is followed as any thenable is. Never throws.
 */
export function promiseOf<T>(value: T | PromiseLike<T>): Promise<Awaited<T>> {
  try {
    const promise = Promise.resolve(value);
    // Looked up late: `then` itself may have been replaced for all, by what carries contexts along.
    if (promise.then === Promise.prototype.then) return promise;
  } catch {
    // Its members cannot be read. Whoever follows it is told so.
  }
  return new Promise((resolve) => {
    resolve(value as Awaited<T>);
  });
}
