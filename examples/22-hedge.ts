// A hedged request
//
// A page is made of ten lookups on a cluster of five replicas. A lookup takes 5 to 15 ms; but two in a hundred meet a replica
// in a bad moment, and take a second. A page needs all ten, so that one page in five is slow.
//
// The failure it prevents: the tail. Nobody is overloaded, nothing fails, the mean is fine; and one user in five waits a
// second. And the failures that follow when it is done carelessly: the first to finish wins although it has failed; the
// second request stands in line before ordinary work; a cluster that is slow gets twice the load.

import assert from "node:assert/strict";
import { type CallOptions, ServiceBuilder } from "@sluice/core";
import { hedge, isHedgeLostError } from "@sluice/hedge";
import { concurrencyLimit } from "@sluice/limit";
import { retryBudget } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the seconds; and chance that is the same each time.
const clock = new VirtualClock();
let state = 7;
const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;

// ── The cluster ──────────────────────────────────────────────────────────────────────────────────────────────────────

const cluster = { asked: 0, stopped: 0, slow: false };
function lookup(_row: number, { signal }: CallOptions): Promise<string> {
  cluster.asked += 1;
  const takes = cluster.slow || random() < 0.02 ? 1_000 : 5 + random() * 10;
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve("a row"), takes);
    // It heeds the signal, as fetch does: whoever has lost stops.
    signal?.addEventListener("abort", () => {
      clock.clearTimeout(timer);
      if (isHedgeLostError(signal.reason)) cluster.stopped += 1;
      reject(signal.reason as Error);
    });
  });
}

// ── A thousand pages ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Seen {
  readonly slowPages: number;
  readonly p99: number;
  readonly more: number;
}

async function pages(service: { call(row: number): Promise<string> }): Promise<Seen> {
  cluster.asked = 0;
  const took: number[] = [];
  for (let page = 0; page < 1_000; page++) {
    const began = clock.now();
    const rows = Array.from({ length: 10 }, (_, row) => service.call(row));
    void Promise.all(rows).then(() => took.push(clock.now() - began));
    await clock.advanceAsync(20);
  }
  await clock.advanceAsync(2_000);
  took.sort((a, b) => a - b);
  const slowPages = took.filter((ms) => ms > 100).length / took.length;
  return { slowPages, p99: took[989]!, more: cluster.asked / 10_000 - 1 };
}

console.log("a thousand pages of ten lookups      slow pages     p99   more lookups");
const show = (name: string, { slowPages, p99, more }: Seen): void =>
  console.log(
    `  ${name.padEnd(33)}${`${(slowPages * 100).toFixed(1)} %`.padStart(12)}${`${p99.toFixed(0)} ms`.padStart(8)}${`${(more * 100).toFixed(1)} %`.padStart(15)}`,
  );

const alone = await pages(new ServiceBuilder().serviceFn(lookup));
show("without", alone);
assert.ok(alone.slowPages > 0.1);

// After the 95th percentile of what lookups have taken of late. Until it knows 100 of them it waits 50 ms.
const hedging = hedge({ delay: 50, quantile: 0.95, clock });
const hedged = await pages(new ServiceBuilder().layer(hedging).serviceFn(lookup));
show("a hedge after the 95th percentile", hedged);
console.log(
  `  it waits ${hedging.delayNow?.toFixed(1)} ms now; ${hedging.hedges} hedges, ${hedging.wins} of them were quicker; ${cluster.stopped} losers were told to stop`,
);
assert.ok(hedged.slowPages < 0.02 && hedged.more < 0.06);

// ── A cluster that is slow as a whole ────────────────────────────────────────────────────────────────────────────────

// Then every lookup is slow, and a hedge for each of them would double the load just when it hurts. A budget bounds them.
console.log("the whole cluster is slow: 1,000 lookups");
cluster.slow = true;
const ways = {
  "a hedge": hedge({ delay: 50, clock }),
  "a hedge with a budget of 10 %": hedge({
    delay: 50,
    clock,
    budget: retryBudget({ ratio: 0.1, minPerSecond: 0, clock }),
  }),
};
for (const [name, layer] of Object.entries(ways)) {
  cluster.asked = 0;
  const service = new ServiceBuilder().layer(layer).serviceFn(lookup);
  for (let nth = 0; nth < 1_000; nth++) {
    void service.call(nth);
    await clock.advanceAsync(2);
  }
  await clock.advanceAsync(2_000);
  console.log(`  ${name.padEnd(31)}${cluster.asked} reach it, ${layer.denied} hedges were denied`);
}
assert.ok(cluster.asked <= 1_100);

// ── No room, no hedge ────────────────────────────────────────────────────────────────────────────────────────────────

// A hedge never stands in line, and never takes a slot that somebody waits for.
const slots = concurrencyLimit(2, { clock });
const polite = hedge({ delay: 50, clock });
const crowded = new ServiceBuilder().layer(polite).layer(slots).serviceFn(lookup);
const three = [1, 2, 3].map((row) => crowded.call(row));
await clock.advanceAsync(100);
console.log(
  `two slots, and one who waits: ${polite.hedges} hedges, ${polite.skipped} skipped, ${slots.waiting} in line`,
);
assert.deepEqual([polite.hedges, polite.skipped, slots.waiting], [0, 2, 1]);
await clock.advanceAsync(3_000);
await Promise.all(three);
assert.equal(clock.pending, 0);
