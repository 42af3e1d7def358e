// Limits that many processes share
//
// Four processes call somebody else's API, which allows 400 calls a second and 20 at once. Each has a limit of its own, divided by four or
// not; or all share two. One of the four has most of the work.
//
// The failure it prevents: limits in each process that add up to more than the other side allows, or that leave most of it unused; a store
// that stops answering, and takes everything with it.

import assert from "node:assert/strict";
import { type AnyLayer, type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { memoryStore, type Store, sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the seconds.
const seconds = 5;
const limit = 400;
const max = 20;

// ── The other side ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Takes 40 ms a call, and counts. */
class Api {
  started = 0;
  running = 0;
  most = 0;
  private readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  call(): Promise<void> {
    this.started++;
    this.running++;
    this.most = Math.max(this.most, this.running);
    return new Promise((resolve) => {
      this.clock.setTimeout(() => {
        this.running--;
        resolve();
      }, 40);
    });
  }
}

// ── Four processes, one of which has most of the work ─────────────────────────────────────

/** How many callers each of them keeps busy. */
const callers = [70, 2, 2, 2];

interface Run {
  readonly started: number;
  readonly most: number;
}

/** What the other side sees of four processes with `layers`, of which the store, where there is one, is down for the third second. */
async function run(layers: (clock: VirtualClock, store: Store) => readonly AnyLayer[]): Promise<Run> {
  const clock = new VirtualClock();
  const api = new Api(clock);
  const memory = memoryStore({ clock });
  const isDown = (): boolean => clock.now() >= 2_000 && clock.now() < 3_000;
  // 1 ms there and 1 ms back; while it is down, it does not even refuse.
  const distant = <Answer>(ask: () => Promise<Answer>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (isDown()) return;
      clock.setTimeout(() => {
        ask().then((answer) => clock.setTimeout(() => resolve(answer), 1), reject);
      }, 1);
    });
  const store: Store = {
    take: (key, ask) => distant(() => memory.take(key, ask)),
    share: (key, ask) => distant(() => memory.share(key, ask)),
  };
  for (const count of callers) {
    const service = layers(clock, store).reduce<Service<null, void, unknown>>(
      (inner, layer) => layer.wrap(inner) as Service<null, void, unknown>,
      new ServiceBuilder().serviceFn(() => api.call()),
    );
    const busy = async (): Promise<void> => {
      while (clock.now() < seconds * 1_000) await service.call(null);
    };
    for (let caller = 0; caller < count; caller++) void busy().catch(() => {});
  }
  await clock.advanceAsync(seconds * 1_000);
  return { started: Math.round(api.started / seconds), most: api.most };
}

const rows: readonly (readonly [string, Run])[] = [
  [
    "each has the whole limit",
    await run((clock) => [concurrencyLimit(max, { clock }), rateLimit({ limit, interval: 1_000, clock })]),
  ],
  [
    "each has a quarter",
    await run((clock) => [
      concurrencyLimit(max / 4, { clock }),
      rateLimit({ limit: limit / 4, interval: 1_000, clock }),
    ]),
  ],
  [
    "all share one",
    await run((clock, store) => [
      sharedConcurrencyLimit({ store, key: "api", max, clock }),
      sharedRateLimit({ store, key: "api", limit, interval: 1_000, burst: 100, clock }),
    ]),
  ],
];

console.log(`allowed                     ${limit} calls a second, ${max} at once`);
for (const [name, { started, most }] of rows) {
  console.log(`${name.padEnd(27)} ${String(started).padStart(3)} calls a second, ${String(most).padStart(2)} at once`);
}

const [alone, divided, shared] = rows.map(([, seen]) => seen) as [Run, Run, Run];
// Limits of their own add up.
assert.ok(alone.most > max && alone.started > limit * 1.2);
// A quarter each is safe, and what three of them do not want is of no use to the fourth.
assert.ok(divided.most <= max && divided.started < limit * 0.75);
// Shared, they never had more at once than is allowed, in the second without a store as well.
assert.ok(shared.most <= max);
assert.ok(shared.started > limit * 0.8 && shared.started <= limit + 100 / seconds);
