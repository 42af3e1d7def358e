// A timeout, and work that does not stop
//
// A weather station answers within 10 ms as a rule; today it takes a second. A timeout bounds how long a caller waits:
// after 100 ms he is told that there is no answer. What becomes of the work is another matter. It is told, too, by its
// `signal`; and if it does not listen, it goes on. Whoever counts what is running has to go on counting it.
//
// The failures it prevents: a dependency that hangs, and takes every caller with it. And the one that follows when the
// timeout is a mere race: the caller is gone, so its slot is given to the next, and to the next, while the work of all
// of them piles up behind the limit's back, in front of a station that is slow because it has too much to do.

import assert from "node:assert/strict";
import { type CallOptions, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";

// A clock that only moves when it is told to, so that nobody sits through the seconds.
const clock = new VirtualClock();
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clock.clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });

// ── Two stations ─────────────────────────────────────────────────────────────────────────────────────────────────────

const station = { atWork: 0, most: 0, takes: 1_000 };
async function measure(signal?: AbortSignal): Promise<string> {
  station.atWork += 1;
  station.most = Math.max(station.most, station.atWork);
  try {
    await sleep(station.takes, signal);
    return "12 °C";
  } finally {
    station.atWork -= 1;
  }
}

// The handler's second argument has the signal. This one passes it on, as one does with fetch and most clients.
const heedful = (_place: string, { signal }: CallOptions) => measure(signal);
// This one does not, or cannot: a driver without such an option, a loop that computes.
const stubborn = (_place: string) => measure();

// ── One caller ───────────────────────────────────────────────────────────────────────────────────────────────────────

console.log("one caller            told after   slots held   abandoned     oldest");
for (const [name, handler, held] of [
  ["it heeds the signal", heedful, 0],
  ["it does not", stubborn, 1],
] as const) {
  const slots = concurrencyLimit(2, { clock });
  const patience = timeout({ call: 100, clock });
  // Holders are timed from the first look on.
  assert.equal(slots.oldest, 0);
  const weather = new ServiceBuilder().layer(slots).layer(patience).serviceFn(handler);
  const show = (moment: string, told: string): void =>
    console.log(
      `  ${moment.padEnd(20)}${told.padStart(10)}${`${slots.active} of 2`.padStart(13)}${`${patience.abandoned}`.padStart(12)}` +
        `${`${slots.oldest}`.padStart(8)} ms`,
    );

  const began = clock.now();
  let told = Number.NaN;
  const end = weather.call("Bern").catch((error: unknown) => {
    told = clock.now() - began;
    return error;
  });
  await clock.advance(100);
  assert.ok(isTimeoutError(await end));
  assert.equal(told, 100, "the caller is told, whatever the work does");

  // `abandoned` counts work that was given up and goes on; `oldest` is how long a slot has been held.
  await clock.advance(200);
  show(name, `${told} ms`);
  assert.deepEqual([slots.active, patience.abandoned, slots.oldest], [held, held, held * 300]);
  assert.equal(station.atWork, held, "the limit counts what really runs");
  if (held === 0) continue;

  await clock.advance(700);
  show("  when it is done", "");
  assert.deepEqual([slots.active, patience.abandoned, station.atWork], [0, 0, 0]);
}

// ── Twenty callers ───────────────────────────────────────────────────────────────────────────────────────────────────

// The station bears two at a time. Here are twenty callers, and work that does not stop.
console.log("twenty callers, at most two at work?");
const twoSlots = concurrencyLimit(2, { clock });
const ways = {
  // What is written quickly: a race. The limit believes that the work is over, for its answer is there.
  "a race": new ServiceBuilder().layer(twoSlots).serviceFn((place: string) =>
    Promise.race([
      stubborn(place),
      sleep(100).then(() => {
        throw new Error("too late");
      }),
    ]),
  ),
  // The layer hands the work up to those who count, before it tells the caller. So it may stand on either side of them.
  "limit outside timeout": new ServiceBuilder()
    .layer(twoSlots)
    .layer(timeout({ call: 100, clock }))
    .serviceFn(stubborn),
  "timeout outside limit": new ServiceBuilder()
    .layer(timeout({ call: 100, clock }))
    .layer(twoSlots)
    .serviceFn(stubborn),
};
const most: Record<string, number> = {};
for (const [way, weather] of Object.entries(ways)) {
  station.most = 0;
  const all = Promise.allSettled(Array.from({ length: 20 }, () => weather.call("Bern")));
  await clock.advanceAsync(20_000);
  assert.ok((await all).every(({ status }) => status === "rejected"));
  assert.deepEqual([twoSlots.active, station.atWork], [0, 0]);
  most[way] = station.most;
  console.log(`  ${way.padEnd(30)}${`${station.most}`.padStart(2)} at work`);
}
assert.deepEqual(most, { "a race": 20, "limit outside timeout": 2, "timeout outside limit": 2 });

// ── Those in line ────────────────────────────────────────────────────────────────────────────────────────────────────

// Slots that are held are not there for others: that is their point. But it makes the next caller wait in line; and
// somebody in line is not in the call yet, so `call` does not bound his wait. `ready` bounds the line, `total` both. It
// has to stand outside the limit, for the line is there.
console.log("both slots held for a second: when is the next caller told?");
const toldAfter: Record<string, number> = {};
for (const [name, times] of [
  ["call: 100", { call: 100 }],
  ["ready: 50, call: 100", { ready: 50, call: 100 }],
  ["total: 100", { total: 100 }],
] as const) {
  const weather = new ServiceBuilder()
    .layer(timeout({ ...times, clock }))
    .layer(twoSlots)
    .serviceFn(stubborn);
  const began = clock.now();
  const two = Promise.allSettled([weather.call("Bern"), weather.call("Basel")]);
  const next = weather.call("Chur").catch((error: unknown) => {
    assert.ok(isTimeoutError(error));
    toldAfter[name] = clock.now() - began;
    console.log(`  ${name.padEnd(22)}${`${toldAfter[name]}`.padStart(10)} ms: ${error.phase} took too long`);
  });
  await clock.advanceAsync(5_000);
  await Promise.all([two, next]);
}
assert.deepEqual(toldAfter, { "call: 100": 1_100, "ready: 50, call: 100": 50, "total: 100": 100 });

// ── What never settles ───────────────────────────────────────────────────────────────────────────────────────────────

// A slot is held until the work has settled. Work that never does holds it for good: no layer can know that it is dead
// and not just slow. But it can be seen, long before the last slot is gone, and that is what to raise an alarm for.
console.log("work that never settles");
station.takes = 2 ** 31 - 1;
const slots = concurrencyLimit(2, { clock });
const patience = timeout({ call: 100, clock });
assert.equal(slots.oldest, 0);
const hung = new ServiceBuilder().layer(slots).layer(patience).serviceFn(stubborn);
const lost = hung.call("Bern").catch(isTimeoutError);
for (const [wait, moment] of [
  [1_000, "after a second"],
  [59_000, "after a minute"],
] as const) {
  await clock.advance(wait);
  console.log(
    `  ${moment.padEnd(20)}${slots.active} of 2 slots held, ${patience.abandoned} abandoned, oldest ${slots.oldest} ms`,
  );
}
assert.equal(await lost, true);
assert.deepEqual([slots.active, patience.abandoned, slots.oldest], [1, 1, 60_000]);

// The remedies: pass the signal on; give the client underneath a timeout of its own; and what can be told nothing at all
// belongs where it can be ended from outside, such as a worker thread (03-shed-before-cpu-work.ts).
console.log("a timeout frees the caller at once, and the slot when the work is over");
