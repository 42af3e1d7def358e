import type { ShareAsk, TakeAsk } from "../../src/store/store.ts";

/** A question for tokens of 10 a second, by a member that asks for the first time; with what a test says otherwise. */
export function takeAsk(ask: Partial<TakeAsk> = {}): TakeAsk {
  return {
    limit: 10,
    interval: 1_000,
    burst: 10,
    count: 1,
    ahead: 0,
    debt: 0,
    unused: 0,
    stamp: "",
    member: "a",
    number: 1,
    fresh: "full",
    ...ask,
  };
}

/** A question for slots of 8, by a member that asks for the first time; with what a test says otherwise. */
export function shareAsk(ask: Partial<ShareAsk> = {}): ShareAsk {
  return { member: "a", number: 1, keep: 0, want: 1, ttl: 10_000, max: 8, ...ask };
}
