import type { Clock } from "@sluice/core";
import {
  memoryStore,
  type ShareAnswer,
  type ShareAsk,
  type Store,
  type TakeAnswer,
  type TakeAsk,
} from "../../src/index.ts";

/** What a store does with a question: `"loses"` is to act on it, and never to answer. */
export type Behaviour = "answers" | "hangs" | "loses" | "rejects" | "throws";

/** What a store that is down says. */
export const down: Error = new Error("connect ECONNREFUSED");

/** A store that is far away, slow, or down, and may lose its state. */
export class RemoteStore implements Store {
  behaviour: Behaviour = "answers";
  /** How long a question is under way, and its answer: ms. */
  there = 0;
  back = 0;
  /** Answers this instead. */
  answer: ((real: unknown) => unknown) | undefined = undefined;
  readonly asks: (TakeAsk | ShareAsk)[] = [];
  private readonly clock: Clock;
  private inner: Store;

  constructor(clock: Clock) {
    this.clock = clock;
    this.inner = memoryStore({ clock });
  }

  /** Another way to the same store, with a delay of its own. */
  from(there: number, back: number = there): RemoteStore {
    const other = new RemoteStore(this.clock);
    other.inner = this;
    other.there = there;
    other.back = back;
    return other;
  }

  /** As after a restart. */
  loseState(): void {
    this.inner = memoryStore({ clock: this.clock });
  }

  get takes(): readonly TakeAsk[] {
    return this.asks as TakeAsk[];
  }

  get shares(): readonly ShareAsk[] {
    return this.asks as ShareAsk[];
  }

  take(key: string, ask: TakeAsk): Promise<TakeAnswer> {
    return this.send(ask, () => this.inner.take(key, ask));
  }

  share(key: string, ask: ShareAsk): Promise<ShareAnswer> {
    return this.send(ask, () => this.inner.share(key, ask));
  }

  private send<Answer>(ask: TakeAsk | ShareAsk, act: () => Promise<Answer>): Promise<Answer> {
    this.asks.push(ask);
    const { behaviour, there, back, answer } = this;
    if (behaviour === "throws") throw down;
    if (behaviour === "rejects") return Promise.reject(down);
    if (behaviour === "hangs") return new Promise(() => {});
    const acted = this.after(there, act).then((real) => (answer === undefined ? real : (answer(real) as Answer)));
    if (behaviour === "loses") return acted.then(() => new Promise(() => {}));
    return acted.then((value) => this.after(back, () => Promise.resolve(value)));
  }

  private after<Value>(ms: number, run: () => Promise<Value>): Promise<Value> {
    if (ms === 0) return run();
    return new Promise((resolve, reject) => {
      this.clock.setTimeout(() => {
        run().then(resolve, reject);
      }, ms);
    });
  }
}
