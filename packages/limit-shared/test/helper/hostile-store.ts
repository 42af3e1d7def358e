/* oxlint-disable unicorn/no-thenable -- what throws, or tells twice, is what this is for */
import type { Clock } from "@sluice/core";
import * as fc from "fast-check";
import {
  memoryStore,
  type ShareAnswer,
  type ShareAsk,
  type Store,
  type TakeAnswer,
  type TakeAsk,
} from "../../src/index.ts";

/** A promise of somebody else, which does what it likes. */
class Thenable {
  readonly then: (kept: (value: unknown) => void, broken: (error: unknown) => void) => void;

  constructor(then: Thenable["then"]) {
    this.then = then;
  }
}

/** What cannot be read, shown or turned into text. */
function unreadable(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What is in an answer, or is thrown, instead of what should be: made anew each time. */
const rubbish: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => -1,
  () => 0.5,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.NEGATIVE_INFINITY,
  () => Number.MAX_VALUE,
  () => 2 ** 53,
  () => 10n,
  () => "1",
  () => [],
  () => Symbol("rubbish"),
  () => ({
    toString: () => {
      throw new Error("no text");
    },
  }),
  unreadable,
];

const members = ["granted", "first", "stamp", "members", "conflict", "more", "level", "lacking", "older"] as const;

/** What becomes of one question. */
export interface Fate {
  readonly what:
    | "answers"
    | "answers at once"
    | "answers twice"
    | "answers and rejects"
    | "answers for another key"
    | "answers with rubbish"
    | "answers with a member that is rubbish"
    | "cannot be read"
    | "rejects"
    | "throws"
    | "has a then that throws"
    | "never answers"
    | "loses its state";
  /** How long it takes: ms. */
  readonly after: number;
  readonly which: number;
  readonly member: (typeof members)[number];
}

/** Those that do to a member nothing worse than not to answer. */
export const honest: readonly Fate["what"][] = [
  "answers",
  "answers at once",
  "answers twice",
  "answers and rejects",
  "rejects",
  "throws",
  "has a then that throws",
  "never answers",
];
export const hostile: readonly Fate["what"][] = [
  ...honest,
  "answers for another key",
  "answers with rubbish",
  "answers with a member that is rubbish",
  "cannot be read",
  "loses its state",
];

export function fates(kinds: readonly Fate["what"][]): fc.Arbitrary<Fate[]> {
  return fc.array(
    fc.record({
      what: fc.constantFrom(...kinds),
      after: fc.constantFrom(0, 0, 1, 7, 60, 400),
      which: fc.nat(rubbish.length - 1),
      member: fc.constantFrom(...members),
    }),
    { maxLength: 40 },
  );
}

/** A store that does what it likes with the first questions, and answers the others. */
export class HostileStore implements Store {
  /** Questions so far. */
  asked = 0;
  /** Called within each question. */
  meanwhile: () => void = () => {};
  private readonly clock: Clock;
  private fates: readonly Fate[];
  private inner: Store;

  constructor(clock: Clock, fatesOf: readonly Fate[]) {
    this.clock = clock;
    this.fates = fatesOf;
    this.inner = memoryStore({ clock });
  }

  /** From now on it answers as it should. */
  mends(): void {
    this.fates = [];
  }

  take(key: string, ask: TakeAsk): Promise<TakeAnswer> {
    return this.meet((other) => this.inner.take(other ?? key, ask));
  }

  share(key: string, ask: ShareAsk): Promise<ShareAnswer> {
    return this.meet((other) => this.inner.share(other ?? key, ask));
  }

  private meet<Answer>(act: (key?: string) => Promise<Answer>): Promise<Answer> {
    const fate = this.fates[this.asked++];
    this.meanwhile();
    if (fate === undefined) return act();
    // What is promised is not what comes.
    return this.answer(fate, act) as Promise<Answer>;
  }

  private answer({ what, after, which, member }: Fate, act: (key?: string) => Promise<unknown>): unknown {
    const thing = rubbish[which]!;
    const later = (value: unknown): Promise<unknown> =>
      new Promise((resolve) => {
        this.clock.setTimeout(() => resolve(value), after);
      });
    switch (what) {
      case "answers":
        return act().then(later);
      case "answers at once":
        return act();
      case "answers twice":
        return new Thenable((kept) => void act().then((value) => [kept(value), kept(value)]));
      case "answers and rejects":
        return new Thenable((kept, broken) => void act().then((value) => [kept(value), broken(thing())]));
      case "answers for another key":
        return act("another").then(later);
      case "answers with rubbish":
        return thing();
      case "answers with a member that is rubbish":
        return act().then((value) => later({ ...(value as object), [member]: thing() }));
      case "cannot be read":
        return later({
          get [member](): unknown {
            throw thing();
          },
        });
      case "rejects":
        return later(undefined).then(() => Promise.reject(thing()));
      case "throws":
        throw thing();
      case "has a then that throws":
        return new Thenable(() => {
          throw thing();
        });
      case "never answers":
        return new Promise(() => {});
      default:
        // It loses its state.
        this.inner = memoryStore({ clock: this.clock });
        return act();
    }
  }
}
