// A semaphore around an upstream
//
// A shop has a thousand prices to look up, at a service that other shops use as well. It has 60 workers, a look-up takes
// one of them 20 ms, and 200 requests may stand in its queue; what comes on top is turned away. The shop may send all
// thousand at once, or never more than 50 at a time. Both are done here, and counted.
//
// The failure it prevents: one caller that takes a shared service down for all. `Promise.all` over a list is quickly
// written. On the day when the list is long the service is full of it, and turns away everybody, also those who only
// wanted one price.

import assert from "node:assert/strict";
import { gate, Semaphore, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that the times below are the same on every machine.
const clock = new VirtualClock();

// ── The upstream, which is not ours ──────────────────────────────────────────────────────────────────────────────────

class TurnedAway extends Error {}

const queue: (() => void)[] = []; // those who wait for a worker
let present = 0; // with a worker, or in the queue

async function upstream(item: string): Promise<string> {
  if (present >= 60 + 200) throw new TurnedAway();
  present += 1;
  if (present > 60) await new Promise<void>((resolve) => queue.push(resolve));
  await new Promise<void>((resolve) => {
    clock.setTimeout(resolve, 20);
  });
  present -= 1;
  queue.shift()?.();
  return `the price of ${item}`;
}

// ── The shop ─────────────────────────────────────────────────────────────────────────────────────────────────────────

// How many of our calls are out, and the most there were.
const calls = { out: 0, most: 0 };
async function lookUp(item: string): Promise<string> {
  calls.out += 1;
  calls.most = Math.max(calls.most, calls.out);
  try {
    return await upstream(item);
  } finally {
    calls.out -= 1;
  }
}

// As it is: always ready, whoever asks.
const unbounded = serviceFn(lookUp);

// With fifty slots in front of it. Whoever finds none free waits here, in order, before the call begins; each slot that
// comes back goes to the first in line. (`concurrencyLimit(50)` of @sluice/limit is these two in one word.)
const slots = new Semaphore(50);
const bounded = new ServiceBuilder().layer(gate(slots, { name: "upstream" })).serviceFn(lookUp);

// ── A thousand calls ─────────────────────────────────────────────────────────────────────────────────────────────────

const items = Array.from({ length: 1_000 }, (_, index) => `item ${index + 1}`);

console.log("a thousand calls        out at once   answered   turned away      after   a neighbour's call");
async function measure(how: string, service: Service<string, string, never>): Promise<unknown[]> {
  const began = clock.now();
  calls.most = 0;
  const answered: string[] = [];
  let after = 0;
  const all = Promise.allSettled(
    items.map(async (item) => {
      answered.push(await service.call(item));
      after = clock.now() - began;
    }),
  );

  // Another shop wants one price, 5 ms later.
  await clock.advanceAsync(5);
  let neighbour = "";
  const one = upstream("a neighbour's").then(
    () => (neighbour = `${clock.now() - began - 5} ms`),
    () => (neighbour = "turned away"),
  );
  await clock.advanceAsync(10_000);
  await Promise.all([all, one]);

  assert.deepEqual(
    answered,
    items.slice(0, answered.length).map((item) => `the price of ${item}`),
    "in order",
  );
  const turnedAway = items.length - answered.length;
  console.log(
    `  ${how.padEnd(20)}${`${calls.most}`.padStart(13)}${`${answered.length}`.padStart(11)}${`${turnedAway}`.padStart(14)}` +
      `${`${after}`.padStart(8)} ms${neighbour.padStart(21)}`,
  );
  return [calls.most, answered.length, after, neighbour];
}

// All at once: what the upstream has room for is answered, 60 each 20 ms, and the rest has to be sent again.
assert.deepEqual(await measure("all at once", unbounded), [1_000, 260, 100, "turned away"]);
// Fifty at a time, all thousand are answered: 1,000 / 50 × 20 ms. And there is room for the others.
assert.deepEqual(await measure("fifty at a time", bounded), [50, 1_000, 400, "20 ms"]);

// ── One semaphore, two services ──────────────────────────────────────────────────────────────────────────────────────

// The upstream counts all that we send, whatever it is for. So one semaphore stands in front of all of it; and it can be
// changed while it runs, when the upstream asks for less.
console.log("prices and stocks behind one semaphore, changed while it runs");
const stocks = new ServiceBuilder().layer(gate(slots, { name: "upstream" })).serviceFn(lookUp);
calls.most = 0;
const both = Promise.all(items.map((item, index) => (index % 2 === 0 ? bounded : stocks).call(item)));
const seen: number[] = [];
for (const [moment, ms, max] of [
  ["at first", 0, 50],
  ["fewer, please", 0, 10],
  ["20 ms later", 20, 10],
  ["as before, please", 0, 50],
] as const) {
  slots.max = max;
  await clock.advanceAsync(ms);
  console.log(`  ${moment.padEnd(20)}${`${slots.active} of ${slots.max}`.padStart(13)} out, ${slots.waiting} in line`);
  assert.equal(slots.active, calls.out);
  seen.push(calls.out);
}
// Lowering it takes nothing from those who are out: they end, and fewer follow. Raising it lets in at once.
assert.deepEqual(seen, [50, 50, 10, 50]);
await clock.advanceAsync(10_000);
await both;
assert.equal(calls.most, 50);
assert.deepEqual([slots.active, slots.waiting], [0, 0]);

// A thousand stood in line here, which is well for a list that somebody waits for, and that has an end. Where requests
// keep coming the line needs a bound, too: see 09-bounded-queue.ts.
console.log("never more than 50 out at once, and all of them answered");
