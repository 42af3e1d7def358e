// Seeing saturation
//
// A service does 500 requests a second: twenty at once, 40 ms each. Eighty more may wait. It is watched through four
// moments of a day: a calm one; one with a quarter more requests than it can do; one in which what it depends on slows
// down; and the end of that. Four things are looked at every 200 ms, and printed when they have changed: permits in use,
// the depth of the queue, refusals, and latency.
//
// The failure it prevents: learning from your users that you are full. Refusals say so when it is too late; latency is
// that of requests which came a while ago. The queue says so at once: it is empty as long as there is enough of
// everything, it grows as soon as there is not, and how long it is now is how long those will wait who come now.

import assert from "node:assert/strict";
import { buffer } from "@sluice/buffer";
import { middleware, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that the day is over at once, and the same each time.
const clock = new VirtualClock();

// ── What is watched ──────────────────────────────────────────────────────────────────────────────────────────────────

// Layers that count are kept in variables: their counters are on them.
const queue = buffer({ capacity: 80, clock }); // queue.queued, queue.available, queue.oldestQueued
const permits = concurrencyLimit(20, { clock }); // permits.active, permits.available, permits.waiting, permits.oldest

const shed = loadShed(); // shed.refused, and shed.refusedBy, by the layer that refused

// How long answers took is seen from outside. Outermost, for that is where callers are.
let latencies: number[] = [];
const watch = middleware("watch", async (request, next, options) => {
  const began = clock.now();
  const answer: unknown = await next(request, options);
  latencies.push(clock.now() - began);
  return answer;
});

let takes = 40; // what an answer takes, in ms
const service = new ServiceBuilder()
  .layer(watch)
  .layer(shed) // refuses when the queue is full
  .layer(queue)
  .layer(permits)
  .serviceFn((_request: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, takes)));

// ── How it is seen ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Sample {
  readonly active: number;
  readonly waiting: number;
  readonly refused: number;
  readonly p50: number;
  readonly p99: number;
}

// What there is now, and what has happened since last time. In a server this is a timer, and what it reads goes to
// whatever draws your graphs.
let refusedBefore = 0;
function sample(): Sample {
  const { refused } = shed;
  const sorted = latencies.sort((a, b) => a - b);
  const percentile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  const seen = {
    active: permits.active,
    waiting: queue.queued,
    refused: refused - refusedBefore,
    p50: percentile(0.5),
    p99: percentile(0.99),
  };
  refusedBefore = refused;
  latencies = [];
  return seen;
}

const bar = (part: number, whole: number): string => "#".repeat(Math.ceil((part / whole) * 10)).padEnd(10, ".");
const right = (what: number, width: number): string => (Number.isNaN(what) ? "-" : what.toFixed(0)).padStart(width);

let printed = "";
function print(moment: string, { active, waiting, refused, p50, p99 }: Sample): void {
  const line =
    `${right(active, 4)} ${bar(active, permits.max)}${right(waiting, 5)} ${bar(waiting, queue.capacity)}` +
    `${right(refused, 9)}${right(p50, 7)} ms${right(p99, 5)} ms`;
  if (line !== printed) console.log(`  ${right(clock.now(), 4)} ms  ${moment.padEnd(14)}${line}`);
  printed = line;
}

// ── A day ────────────────────────────────────────────────────────────────────────────────────────────────────────────

// A request every `gap` milliseconds.
let gap = 4;
let open = true;
function arrive(): void {
  if (!open) return;
  service.call(0).catch((error: unknown) => assert.ok(isOverloadedError(error)));
  clock.setTimeout(arrive, gap);
}
arrive();

console.log("                             permits          queue   refused    p50     p99");
const day: { readonly time: number; readonly moment: string; readonly seen: Sample }[] = [];
for (const moment of [
  { name: "calm", gap: 4, takes: 40, for: 600 }, // 250 a second, of 500
  { name: "a quarter more", gap: 1.6, takes: 40, for: 1_600 }, // 625 a second
  { name: "slow below", gap: 4, takes: 160, for: 2_000 }, // 250 a second, but only 20 / 0.16 = 125 get done
  { name: "as before", gap: 4, takes: 40, for: 1_400 },
]) {
  ({ gap, takes } = moment);
  for (const end = clock.now() + moment.for; clock.now() < end;) {
    await clock.advanceAsync(200);
    const seen = sample();
    day.push({ time: clock.now(), moment: moment.name, seen });
    print(moment.name, seen);
  }
}
open = false;
await clock.advanceAsync(200);
sample();
await clock.advanceAsync(200);
print("closed", sample());

// ── What it says ─────────────────────────────────────────────────────────────────────────────────────────────────────

const during = (moment: string): Sample[] => day.filter((each) => each.moment === moment).map(({ seen }) => seen);

// As long as there is enough of everything, nobody waits and nobody is refused.
assert.ok(during("calm").every(({ waiting, refused, p99 }) => waiting === 0 && refused === 0 && p99 === 40));

// Permits in use say that the service is busy, and no more: all twenty, when it just keeps up and when it falls behind.
// The depth of the queue tells one from the other, and while there is time to do something.
const halfFull = day.find(({ seen }) => seen.waiting > queue.capacity / 2);
const firstRefused = day.find(({ seen }) => seen.refused > 0);
assert.ok(halfFull !== undefined && firstRefused !== undefined && halfFull.time < firstRefused.time);
console.log(`the queue was half full at ${halfFull.time} ms, the first refusal seen at ${firstRefused.time} ms`);

// Latency is bounded, since the queue is: who is let in stands behind at most 80 others, of whom 20 are done at a time.
const longest = (moment: string): number => Math.max(...during(moment).map(({ p99 }) => p99 || 0));
assert.ok(longest("a quarter more") <= (80 / 20 + 1) * 40);
assert.ok(longest("slow below") <= (80 / 20 + 1) * 160);

// The rest is refused, by the queue and by nobody else. Count by layer: it says which of them to look at.
assert.deepEqual([...shed.refusedBy.keys()], ["buffer"]);
console.log(`refused: ${[...shed.refusedBy].map(([layer, count]) => `${count} by ${layer}`).join(", ")}`);

// And when it is over it is over: nothing is left to be done for people who have gone.
assert.deepEqual(during("as before").at(-1), { active: 10, waiting: 0, refused: 0, p50: 40, p99: 40 });
assert.deepEqual([permits.active, queue.queued], [0, 0]);
console.log("look at the queue: it says now what refusals and latency say later");
