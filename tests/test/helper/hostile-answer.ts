/* oxlint-disable unicorn/no-thenable -- what throws, or tells twice, is what these are for */
import { runInNewContext } from "node:vm";
import { revoked, untouchable } from "@sluice/test-kit";

/** The outcome of a call: a value, a reason, or the platform's result. */
export type Ending = { readonly value: unknown } | { readonly reason: unknown } | "a TypeError";

/** The behaviour of a handler, and the outcome for its caller. */
export interface HostileAnswer {
  readonly handle: () => unknown;
  readonly ending: Ending;
}

const boom = new Error("boom");

function throwing(): never {
  throw boom;
}

function thrown(reason: unknown): () => never {
  return () => {
    throw reason;
  };
}

/** An error whose members cannot be read. */
class Unreadable extends Error {
  override get message(): string {
    return throwing();
  }
  override get name(): string {
    return throwing();
  }
  override get stack(): string {
    return throwing();
  }
  get code(): string {
    return throwing();
  }
  override get cause(): unknown {
    return throwing();
  }
}

class Subclass<T> extends Promise<T> {}

class Loud<T> extends Promise<T> {
  override then(): never {
    return throwing();
  }
}

/** Settles as often as it can, now and later. */
function fickle(): PromiseLike<string> {
  return {
    then(resolve: (value: string) => void, reject: (reason: unknown) => void) {
      const settle = (): void => {
        resolve("first");
        resolve("second");
        reject(boom);
      };
      settle();
      queueMicrotask(settle);
      throw boom;
    },
  } as unknown as PromiseLike<string>;
}

/** A promise with a `then` of its own, unlike the platform's. */
function withThen(then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => unknown): unknown {
  return Object.assign(Promise.resolve("its own"), { then });
}

function withGetter(name: string, target: object = {}): unknown {
  return Object.defineProperty(target, name, { get: throwing });
}

const frozen = Object.freeze({ a: 1 });
const unreadable = {
  get a() {
    return throwing();
  },
};
const responses: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  "a number that is none": Number.NaN,
  "a symbol": Symbol("response"),
  "a bigint": 5n,
  "a function": throwing,
  "a frozen object": frozen,
  "an object with a getter that throws": unreadable,
  "an object of no class": Object.create(null) as unknown,
  "an object of another realm": runInNewContext("({ a: 1 })"),
  "an error": boom,
};

const reasons: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  zero: 0,
  "a string": "failed",
  "a symbol": Symbol("reason"),
  "a function": throwing,
  "a frozen error": Object.freeze(new Error("frozen")),
  "an error of which nothing can be read": new Unreadable(),
  "an error of another realm": runInNewContext("new Error('another')"),
  "a revoked proxy": revoked(),
  "a proxy that throws": untouchable(),
  "an object with a then that throws": { then: throwing },
};

const promises: Readonly<Record<string, HostileAnswer>> = {
  "a revoked proxy": { handle: () => revoked(), ending: "a TypeError" },
  "an object whose then cannot be read": { handle: () => withGetter("then"), ending: { reason: boom } },
  "a thenable that throws": { handle: () => ({ then: throwing }), ending: { reason: boom } },
  "a thenable that settles again and again": { handle: fickle, ending: { value: "first" } },
  "a thenable of a thenable": {
    handle: () => ({ then: (resolve: (value: unknown) => void) => resolve(fickle()) }),
    ending: { value: "first" },
  },
  "a promise of a thenable that throws": {
    handle: () => Promise.resolve().then(() => ({ then: throwing })),
    ending: { reason: boom },
  },
  "a promise of a subclass": { handle: () => Subclass.resolve("sub"), ending: { value: "sub" } },
  "a promise of a subclass that rejects": { handle: () => Subclass.reject(boom), ending: { reason: boom } },
  "a promise of a subclass whose then throws": { handle: () => Loud.resolve(1), ending: { reason: boom } },
  "a promise of another realm": { handle: () => runInNewContext("Promise.resolve(7)"), ending: { value: 7 } },
  "a promise of another realm that rejects": {
    handle: () => runInNewContext("Promise.reject(7)"),
    ending: { reason: 7 },
  },
  "a promise with a then of its own that throws": { handle: () => withThen(throwing), ending: { reason: boom } },
  "a promise with a then of its own that tells twice": {
    handle: () =>
      withThen((resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
        resolve("first");
        resolve("second");
        reject(boom);
      }),
    ending: { value: "first" },
  },
  "a promise whose then cannot be read": {
    handle: () => withGetter("then", Promise.resolve(1)),
    ending: { reason: boom },
  },
  "a promise whose constructor cannot be read": {
    handle: () => withGetter("constructor", Promise.resolve(1)),
    ending: { reason: boom },
  },
  "a promise whose constructor is none": {
    handle: () => Object.assign(Promise.resolve(1), { constructor: 5 }),
    ending: "a TypeError",
  },
  "a frozen promise": { handle: () => Object.freeze(Promise.resolve(1)), ending: { value: 1 } },
};

/** Hostile handlers, by name. */
export const hostileAnswers: ReadonlyMap<string, HostileAnswer> = new Map([
  ...Object.entries(responses).flatMap(([name, value]): [string, HostileAnswer][] => [
    [`answers with ${name}`, { handle: () => value, ending: { value } }],
    [`answers later with ${name}`, { handle: () => Promise.resolve(value), ending: { value } }],
  ]),
  ...Object.entries(reasons).flatMap(([name, reason]): [string, HostileAnswer][] => [
    [`throws ${name}`, { handle: thrown(reason), ending: { reason } }],
    [`rejects with ${name}`, { handle: () => Promise.reject(reason), ending: { reason } }],
  ]),
  ...Object.entries(promises).map(([name, answer]): [string, HostileAnswer] => [`answers with ${name}`, answer]),
]);

/** Values in the place of a promise. */
export const hostilePromises: ReadonlyMap<string, () => unknown> = new Map([
  ...Object.entries(promises).map(([name, { handle }]): [string, () => unknown] => [name, handle]),
  ...Object.entries(responses).map(([name, value]): [string, () => unknown] => [name, () => value]),
]);
