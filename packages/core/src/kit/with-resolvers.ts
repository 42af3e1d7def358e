/** A promise, and what settles it. */
export interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
}

let lastResolve: (value: never) => void;
let lastReject: (reason: unknown) => void;
/** One function for all promises: a new one for each, with what it closes over, made a wait in line a third slower. */
const keep = (resolve: (value: never) => void, reject: (reason: unknown) => void): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** `Promise.withResolvers`, which Node.js 20 does not have yet. */
export function withResolvers<T>(): Resolvers<T> {
  const promise = new Promise<T>(keep);
  return { promise, resolve: lastResolve as Resolvers<T>["resolve"], reject: lastReject };
}
