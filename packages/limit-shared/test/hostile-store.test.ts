import { type Permit, type Service, ServiceBuilder } from "@sluice/core";
import { seed, unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  sharedConcurrencyLimit,
  type SharedConcurrencyLimit,
  sharedRateLimit,
  type SharedRateLimit,
} from "../src/index.ts";
import { type Fate, fates, honest, hostile, HostileStore } from "./helper/hostile-store.ts";

type Limit = SharedRateLimit | SharedConcurrencyLimit;

const outages = ["share", "refuse", "allow"] as const;
/** What callers, and who owns the member, do at one moment. */
const acts = ["call", "call by a deadline", "give up", "reserve", "start", "release", "warm", "look", "close"] as const;

const plays = fc.array(
  fc.record({
    act: fc.oneof(
      { arbitrary: fc.constantFrom(...acts.slice(0, -1)), weight: 60 },
      { arbitrary: fc.constant("close" as const), weight: 1 },
    ),
    member: fc.nat(1),
    times: fc.constantFrom(1, 1, 3, 12),
    ms: fc.constantFrom(0, 0, 1, 5, 40, 250, 1_500),
  }),
  { minLength: 5, maxLength: 60 },
);

/** What two members and their callers do, with a store that does what it likes; and what is left of it. */
class Play {
  readonly clock: VirtualClock = new VirtualClock(1_000);
  readonly members: readonly { readonly limit: Limit; readonly service: Service<number, void, Error> }[];
  /** When calls have started. */
  readonly starts: number[] = [];
  running = 0;
  /** The most that ran at a time. */
  most = 0;
  /** Callers who have not been answered. */
  pending = 0;
  private readonly held: Permit<number, void, Error>[] = [];
  private readonly controllers: AbortController[] = [];

  constructor(make: (clock: VirtualClock, nth: number) => Limit) {
    this.members = [0, 1].map((nth) => {
      const limit = make(this.clock, nth);
      const service = new ServiceBuilder().layer(limit).serviceFn((work: number) => {
        this.starts.push(this.clock.now());
        this.most = Math.max(this.most, ++this.running);
        return new Promise<void>((resolve) => {
          this.clock.setTimeout(() => {
            this.running--;
            resolve();
          }, work);
        });
      });
      return { limit, service };
    });
  }

  act(act: (typeof acts)[number], nth: number): void {
    const { limit, service } = this.members[nth]!;
    const { clock, held } = this;
    const controller = new AbortController();
    switch (act) {
      case "call":
        this.controllers.push(controller);
        return this.wait(service.call(8, { signal: controller.signal }));
      case "call by a deadline":
        return this.wait(service.call(8, { deadline: clock.now() + 30 }));
      case "give up":
        return this.controllers.pop()?.abort(new Error("enough"));
      case "reserve":
        return this.reserve(service);
      case "start": {
        const permit = held.shift();
        return permit === undefined ? undefined : this.wait(permit.call(3));
      }
      case "release":
        return held.pop()?.release();
      case "warm":
        return this.wait(limit.warm(3));
      case "look":
        // Counters may be read at any time.
        JSON.stringify({ ...limit });
        return;
      case "close":
        return this.wait(limit.close());
    }
  }

  /** All permits are given back, and the store has all the time it wants. */
  async end(): Promise<void> {
    for (const permit of this.held.splice(0)) permit.release();
    await this.clock.advanceAsync(60_000);
  }

  private reserve(service: Service<number, void, Error>): void {
    try {
      const permit = service.tryReady(0);
      if (permit !== undefined) this.held.push(permit);
    } catch {
      // The store is down.
    }
  }

  private wait(promise: Promise<unknown>): void {
    this.pending++;
    const over = (): void => void this.pending--;
    promise.then(over, over);
  }
}

interface Given {
  readonly fate: readonly Fate[];
  readonly outage: (typeof outages)[number];
  readonly play: readonly {
    readonly act: (typeof acts)[number];
    readonly member: number;
    readonly times: number;
    readonly ms: number;
  }[];
  /** Whether the members say something else of the limit. */
  readonly disagree: boolean;
  /** Whether somebody asks for a permit while a question is sent. */
  readonly within: boolean;
}

const limits = {
  sharedRateLimit: { limit: 40, interval: 500, burst: 20 },
  sharedConcurrencyLimit: { max: 4, ttl: 300, linger: 20 },
};

type Name = keyof typeof limits;

/** What there should be when all is over. */
const nothingLeft = {
  unhandled: [],
  pending: 0,
  timers: 0,
  held: [0, 0],
  waiting: [0, 0],
  /** Questions that a member asks for which nobody comes. */
  asked: 0,
  /** Calls that are refused when the store has come to reason, of those who have not been closed. */
  refused: 0,
};

async function run(name: Name, { fate, outage, play, disagree, within }: Given) {
  let store: HostileStore | undefined;
  const seen = new Play((clock, nth) => {
    store ??= new HostileStore(clock, fate);
    const common = { store, key: "k", clock, outage };
    const more = disagree ? nth : 0;
    return name === "sharedRateLimit"
      ? sharedRateLimit({ ...common, ...limits[name], limit: 40 + more })
      : sharedConcurrencyLimit({ ...common, ...limits[name], max: 4 + more });
  });
  const hostileStore = store!;
  const { members, clock } = seen;
  const left: typeof nothingLeft = { ...nothingLeft };
  const unhandled = await unhandledIn(async () => {
    // A client may run what it likes before it has sent the question.
    if (within) hostileStore.meanwhile = () => seen.act("reserve", hostileStore.asked % 2);
    for (const { act, member, times, ms } of play) {
      for (let time = 0; time < times; time++) seen.act(act, member);
      await clock.advanceAsync(ms);
    }
    hostileStore.meanwhile = () => {};
    await seen.end();
    left.pending = seen.pending;
    left.timers = clock.pending;
    left.held = members.map(({ limit }) => limit.active);
    left.waiting = members.map(({ limit }) => limit.waiting);
    const { asked } = hostileStore;
    await clock.advanceAsync(60_000);
    left.asked = hostileStore.asked - asked;
    if (play.some(({ act }) => act === "close")) return;
    hostileStore.mends();
    const before = seen.starts.length;
    for (const act of ["warm", "call"] as const) {
      for (const member of [0, 1]) {
        seen.act(act, member);
        await clock.advanceAsync(5_000);
      }
    }
    left.refused = before + 2 - seen.starts.length;
  });
  return { left: { ...left, unhandled }, seen };
}

/** By how much the bound of the limit is exceeded at most. */
function excess(name: Name, { starts, most }: Play): number {
  if (name === "sharedConcurrencyLimit") return most - limits[name].max;
  const { limit, interval, burst } = limits[name];
  const ofSpans = starts.flatMap((began, from) =>
    starts.slice(from).map((time, nth) => nth + 1 - burst - ((time - began) * limit) / interval),
  );
  return Math.max(...ofSpans, 0);
}

describe.each(["sharedRateLimit", "sharedConcurrencyLimit"] as const)(
  "%s over a store that does what it likes",
  (name) => {
    const setting = {
      outage: fc.constantFrom(...outages),
      play: plays,
      disagree: fc.boolean(),
      within: fc.boolean(),
    };

    test("leaves nobody waiting, nothing held, no timer, and nothing unhandled", async () => {
      await fc.assert(
        fc.asyncProperty(fc.record({ ...setting, fate: fates(hostile) }), async (given) => {
          expect((await run(name, given)).left).toEqual(nothingLeft);
        }),
        { seed, numRuns: 100 },
      );
    });

    test("keeps its bound where it is not told what is not so", async () => {
      await fc.assert(
        fc.asyncProperty(fc.record({ ...setting, fate: fates(honest) }), async (given) => {
          const { seen } = await run(name, { ...given, outage: "refuse", disagree: false });
          expect(excess(name, seen)).toBeLessThanOrEqual(1e-6);
        }),
        { seed, numRuns: 100 },
      );
    });
  },
);
