// A circuit breaker
//
// A shop asks a service for prices, 50 times a second. The service dies: it accepts connections and does not answer. Each
// call is given up after a second. Ten seconds later the service is back.
//
// The failure it prevents: every caller waits a whole second before it learns what all the others know. Fifty of them are
// in flight at any time, each with a socket and its memory. And when the service comes back, all of them are there at
// once, so that it does not come back for long.

import assert from "node:assert/strict";
import { circuitBreaker, isCircuitOpenError } from "@sluice/circuit-breaker";
import { type CallOptions, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";

// A clock that only moves when it is told to, so that nobody sits through the seconds.
const clock = new VirtualClock();

// ── The service ──────────────────────────────────────────────────────────────────────────────────────────────────────

const prices = { up: true, asked: 0, inFlight: 0, most: 0 };
function ask(_item: string, { signal }: CallOptions): Promise<number> {
  prices.asked += 1;
  prices.inFlight += 1;
  prices.most = Math.max(prices.most, prices.inFlight);
  return new Promise<number>((resolve, reject) => {
    // It heeds the signal, as fetch does.
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
    if (prices.up) clock.setTimeout(() => resolve(9.9), 10);
  }).finally(() => (prices.inFlight -= 1));
}

// ── Ten seconds without it ───────────────────────────────────────────────────────────────────────────────────────────

interface Seen {
  readonly asked: number;
  readonly most: number;
  /** What callers waited for who got no answer: the mean, in ms. */
  readonly wait: number;
  readonly failed: number;
}

async function outage(service: { call(item: string): Promise<number> }): Promise<Seen> {
  Object.assign(prices, { up: false, asked: 0, inFlight: 0, most: 0 });
  let failed = 0;
  let waited = 0;
  for (let nth = 0; nth < 500; nth++) {
    const began = clock.now();
    service.call("shoes").catch(() => {
      failed += 1;
      waited += clock.now() - began;
    });
    await clock.advanceAsync(20);
  }
  await clock.advanceAsync(1_000);
  return { asked: prices.asked, most: prices.most, wait: waited / failed, failed };
}

console.log("ten seconds of a service that does not answer, 50 calls a second");
console.log("                     reach it   in flight   a caller waits");
const show = (name: string, { asked, most, wait }: Seen): void =>
  console.log(
    `  ${name.padEnd(18)}${`${asked}`.padStart(9)}${`${most}`.padStart(12)}${wait.toFixed(0).padStart(14)} ms`,
  );

const alone = await outage(new ServiceBuilder().layer(timeout({ call: 1_000, clock })).serviceFn(ask));
show("a timeout alone", alone);
assert.ok(alone.asked === 500 && alone.most === 50 && alone.wait === 1_000);

// The breaker stands outside the timeout, for timeouts are what it has to see. One value is one circuit: it is kept in a
// variable, because its state and its controls are on it.
const breaker = circuitBreaker({
  label: "prices",
  minimumCalls: 20, // no ratio counts before so many calls …
  failureRatio: 0.5, // … and then half of them must have failed
  breakFor: 2_000, // ms
  clock,
  onChange: ({ from, to }) => log.push(`${clock.now() - since} ms: ${from} → ${to}`),
});
const log: string[] = [];
let since = clock.now();
const guarded = new ServiceBuilder()
  .layer(breaker)
  .layer(timeout({ call: 1_000, clock }))
  .serviceFn(ask);
const withBreaker = await outage(guarded);
show("with a breaker", withBreaker);

// Until it opens, and those that are in flight by then; and a probe for each break.
assert.ok(withBreaker.asked < 80);
assert.ok(withBreaker.wait < 200);
for (const line of log) console.log(`    ${line}`);

// ── A refusal says what is wrong, and for how long ───────────────────────────────────────────────────────────────────

const refusal: unknown = await guarded.call("shoes").catch((error: unknown) => error);
assert.ok(isCircuitOpenError(refusal));
console.log(`refused by ${refusal.layer}, ${refusal.label}: ${String(refusal.cause)}`);

// ── The way back ─────────────────────────────────────────────────────────────────────────────────────────────────────

// One caller finds out whether it is back, and the others are refused meanwhile.
await clock.advance(2_000);
Object.assign(prices, { up: true, asked: 0, inFlight: 0, most: 0 });
log.length = 0;
since = clock.now();
const answers = Array.from({ length: 10 }, () => guarded.call("shoes").catch(isCircuitOpenError));
await clock.advanceAsync(10);
const [first, ...others] = await Promise.all(answers);
assert.equal(first, 9.9);
assert.ok(others.every((refused) => refused === true));
assert.equal(prices.asked, 1);
assert.equal(breaker.state, "closed");
console.log(`ten callers when the break is over: ${prices.asked} reaches it`);
for (const line of log) console.log(`    ${line}`);

// ── A probe that nothing is heard of ─────────────────────────────────────────────────────────────────────────────────

// Some breakers hang here for ever: the place of the probe is taken, and nobody else is let in. Here a probe whose caller
// gives up frees its place, and one that is not heard of for a whole break has failed.
breaker.open();
await clock.advance(2_000);
prices.up = false;
const controller = new AbortController();
const gone = guarded.call("shoes", { signal: controller.signal }).catch((reason: unknown) => reason);
controller.abort("no longer wanted");
assert.equal(await gone, "no longer wanted");
assert.equal(breaker.state, "half-open");
prices.up = true;
const next = guarded.call("shoes");
await clock.advance(10);
assert.equal(await next, 9.9);
assert.equal(breaker.state, "closed");
assert.equal(clock.pending, 0); // and nothing is armed, in any state
console.log("a probe whose caller gave up: the next one was let in at once");
