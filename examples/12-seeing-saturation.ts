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
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { meter } from "@sluice/meter";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that the day is over at once, and the same each time.
const clock = new VirtualClock();

// ── What is watched ──────────────────────────────────────────────────────────────────────────────────────────────────

// A meter counts what passes one point of a stack. Between two of them one sees the layers between them: whoever has come
// in at the door and is not at work waits in the queue.
const door = meter("door", { clock });
const work = meter("work", { clock });

const capacity = 80;
const permits = 20;
let takes = 40; // what an answer takes, in ms
const service = new ServiceBuilder()
  .layer(loadShed()) // refuses when the queue is full
  .layer(door)
  .layer(buffer({ capacity, clock }))
  .layer(concurrencyLimit(permits, { clock }))
  .layer(work)
  .serviceFn((_request: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, takes)));

// ── How it is seen ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Sample {
  readonly active: number;
  readonly waiting: number;
  readonly refused: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

// What there is now, and what has happened since last time. In a server this is a timer, and what it reads goes to
// whatever draws your graphs.
let before = door.snapshot();
function sample(): Sample {
  const now = door.snapshot();
  const took = now.duration.since(before.duration); // of those who were let in, with their time in the queue
  const seen = {
    active: work.active,
    waiting: door.active - work.active,
    refused: now.refused - before.refused,
    p50: took.quantile(0.5), // never below the truth, and at most 9.1 % above it
    p99: took.quantile(0.99),
  };
  before = now;
  return seen;
}

const bar = (part: number, whole: number): string => "#".repeat(Math.ceil((part / whole) * 10)).padEnd(10, ".");
const right = (what: number | undefined, width: number): string => (what?.toFixed(0) ?? "-").padStart(width);

let printed = "";
function print(moment: string, { active, waiting, refused, p50, p99 }: Sample): void {
  const line =
    `${right(active, 4)} ${bar(active, permits)}${right(waiting, 5)} ${bar(waiting, capacity)}` +
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
const aLittleAbove = (ms: number): number => ms * 1.091;
for (const { waiting, refused, p99 = 0 } of during("calm")) {
  assert.deepEqual([waiting, refused], [0, 0]);
  assert.ok(p99 <= aLittleAbove(40));
}

// Permits in use say that the service is busy, and no more: all twenty, when it just keeps up and when it falls behind.
// The depth of the queue tells one from the other, and while there is time to do something.
const halfFull = day.find(({ seen }) => seen.waiting > capacity / 2);
const firstRefused = day.find(({ seen }) => seen.refused > 0);
assert.ok(halfFull !== undefined && firstRefused !== undefined && halfFull.time < firstRefused.time);
console.log(`the queue was half full at ${halfFull.time} ms, the first refusal seen at ${firstRefused.time} ms`);

// Latency is bounded, since the queue is: who is let in stands behind at most 80 others, of whom 20 are done at a time.
const longest = (moment: string): number => Math.max(...during(moment).map(({ p99 = 0 }) => p99));
assert.ok(longest("a quarter more") <= aLittleAbove((capacity / permits + 1) * 40));
assert.ok(longest("slow below") <= aLittleAbove((capacity / permits + 1) * 160));

// The rest is refused, by the queue and by nobody else. Count by layer: it says which of them to look at.
const { refusedBy } = door.snapshot();
assert.deepEqual(Object.keys(refusedBy), ["buffer"]);
console.log(
  `refused: ${Object.entries(refusedBy)
    .map(([layer, count]) => `${count} by ${layer}`)
    .join(", ")}`,
);

// And when it is over it is over: nothing is left to be done for people who have gone.
const { p99: last = 0, ...rest } = during("as before").at(-1)!;
assert.deepEqual({ ...rest, p50: undefined }, { active: 10, waiting: 0, refused: 0, p50: undefined });
assert.ok(last <= aLittleAbove(40));
assert.deepEqual([door.active, work.active], [0, 0]);
console.log("look at the queue: it says now what refusals and latency say later");
