/** A promise, and what settles it. */
export interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
}

const nobody = (): void => {};
let lastResolve: (value: never) => void = nobody;
let lastReject: (reason: unknown) => void = nobody;
/** One function for all promises: a new one for each, with what it closes over, made a wait in line a third slower. */
const keep = (resolve: (value: never) => void, reject: (reason: unknown) => void): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** `Promise.withResolvers`, which Node.js 20 does not have yet. */
export function withResolvers<T>(): Resolvers<T> {
  const promise = new Promise<T>(keep);
  const resolvers = { promise, resolve: lastResolve as Resolvers<T>["resolve"], reject: lastReject };
  // Or the last promise, and in some engines the async context in which it was made, would be kept alive.
  lastResolve = lastReject = nobody;
  return resolvers;
}
