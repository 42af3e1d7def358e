// Retry, with a policy of one's own
//
// A shop takes orders over a bad line. Some failures go away by themselves (a connection reset), so trying again helps;
// some do not (there is no such item), so it never will; and some orders must not be sent twice whatever happens. Which
// is which only you know, and so a policy is an object that you write: it looks at what became of an attempt, and
// answers with a delay, or with nothing.
//
// The failure it prevents: the short outage that retries turn into a long one. When a service is down, everybody calls
// it again, several times each, all at the same moment; so it gets a multiple of the load it could not bear before. Three
// things keep that from happening, and all are here: delays that grow (up to a cap), delays that differ (jitter), and a
// budget for retries altogether. And, worse than any outage: the order that is placed twice.

import assert from "node:assert/strict";
import { ServiceBuilder } from "@sluice/core";
import {
  exponentialBackoff,
  isIdempotent,
  retry,
  type RetryBudget,
  retryBudget,
  type RetryPolicy,
} from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the delays.
const clock = new VirtualClock();

// ── The shop ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Order {
  readonly method: "PUT" | "POST";
  readonly item: string;
  /** A picture to print on it. It arrives from the customer bit by bit, and can be read once. */
  readonly picture?: ReadableStream;
}

/** It will pass. */
class LineDown extends Error {
  override readonly name = "LineDown";
}
/** It will not. */
class NoSuchItem extends Error {
  override readonly name = "NoSuchItem";
}

let down = 0; // so many attempts fail from now on
const attempts: number[] = []; // when each was made

async function shop(order: Order): Promise<string> {
  attempts.push(clock.now());
  for await (const _ of order.picture ?? []);
  if (order.item === "unicorn") throw new NoSuchItem();
  if (down-- > 0) throw new LineDown();
  return `${order.item}, on its way`;
}

// ── The policy ───────────────────────────────────────────────────────────────────────────────────────────────────────

// A backoff is a value: asked for the next delay, it answers with it. It never sleeps. Up to 100 ms, then up to 200, up
// to 400, …, never more than 1,000; where between nothing and that, chance decides.
const backoff = exponentialBackoff({ base: 100, max: 1_000 });

const patience = (budget?: RetryBudget): RetryPolicy<Order, string, number | undefined> => ({
  // Asked before the first attempt: what would be sent a second time? A stream that was read is gone, so nothing.
  cloneRequest: (order) => (order.picture === undefined ? order : undefined),

  // Once for each request that may be tried again. What it answers with is the request's state, which comes back with each
  // attempt; here it is the backoff's, and there is none yet.
  start() {
    budget?.deposit();
    return undefined;
  },

  // After each attempt. A delay, or undefined: the outcome stands.
  decide({ number, request, outcome, state }) {
    if (outcome.status === "fulfilled") return undefined;
    if (!(outcome.reason instanceof LineDown)) return undefined; // permanent
    if (!isIdempotent(request.method)) return undefined; // it may have arrived, and only the answer was lost
    if (number > 5) return undefined; // enough
    if (budget?.withdraw() === false) return undefined; // enough of everybody's
    return backoff.next(state); // { delay, state }
  },
});

const orders = new ServiceBuilder().layer(retry(patience(), { clock })).serviceFn(shop);

// Sends an order, lets a minute pass, and tells how it ended and when the attempts were.
async function send(order: Order): Promise<{ end: string; times: number[] }> {
  const began = clock.now();
  attempts.length = 0;
  const answer = orders.call(order).catch((error: unknown) => (error as Error).name);
  await clock.advanceAsync(60_000);
  return { end: await answer, times: attempts.map((time) => time - began) };
}

// ── Three failures, and an answer ────────────────────────────────────────────────────────────────────────────────────

console.log("three failures, and an answer");
down = 3;
const { end, times } = await send({ method: "PUT", item: "mug" });
times.forEach((time, index) => {
  const waited =
    index === 0 ? "" : `after ${(time - times[index - 1]!).toFixed(0)} of at most ${100 * 2 ** (index - 1)} ms`;
  console.log(`  attempt ${index + 1}   ${(index < 3 ? "LineDown" : end).padEnd(20)}${waited}`.trimEnd());
});
assert.equal(end, "mug, on its way");
assert.equal(times.length, 4);
for (const index of [1, 2, 3]) {
  const waited = times[index]! - times[index - 1]!;
  assert.ok(waited >= 0 && waited <= 100 * 2 ** (index - 1));
}

// ── What is not tried again ──────────────────────────────────────────────────────────────────────────────────────────

console.log("one attempt, and no more");
for (const [why, order] of [
  ["a permanent failure", { method: "PUT", item: "unicorn" }],
  ["not idempotent", { method: "POST", item: "mug" }],
  ["cannot be cloned", { method: "PUT", item: "mug", picture: new Blob(["…"]).stream() }],
] as const) {
  down = 1;
  const { end: failure, times: made } = await send(order);
  console.log(`  ${why.padEnd(22)}${order.method.padEnd(6)}${failure}`);
  assert.equal(failure, order.item === "unicorn" ? "NoSuchItem" : "LineDown", "the failure itself, as it was");
  assert.equal(made.length, 1);
}

// ── The shop is down altogether ──────────────────────────────────────────────────────────────────────────────────────

// A budget is shared: each request pays a tenth of a retry in, each retry takes a whole one out. One a second is free.
console.log("a hundred orders while the shop is down");
const budget = retryBudget({ ttl: 10_000, minPerSecond: 1, ratio: 0.1, clock });
const thrifty = new ServiceBuilder().layer(retry(patience(budget), { clock })).serviceFn(shop);
for (const [how, service, expected] of [
  ["without a budget", orders, 600],
  ["with a budget", thrifty, 120],
] as const) {
  down = Number.POSITIVE_INFINITY;
  attempts.length = 0;
  const all = Promise.allSettled(Array.from({ length: 100 }, () => service.call({ method: "PUT", item: "mug" })));
  await clock.advanceAsync(9_000);
  assert.ok((await all).every(({ status }) => status === "rejected"));
  console.log(`  ${how.padEnd(22)}${attempts.length} attempts`);
  assert.equal(attempts.length, expected); // 100 × (1 + 5); 100 + 10 seconds × 1 + 100 × 0.1
}

// ── Everybody at the same moment ─────────────────────────────────────────────────────────────────────────────────────

// Two hundred callers fail together, over and over, until their delays are at the cap. When does the next wave come?
console.log("two hundred callers, at the cap: how many come in the busiest 10 ms");
for (const jitter of ["none", "full"] as const) {
  const delays = exponentialBackoff({ base: 100, max: 1_000, jitter });
  const busy = new Map<number, number>();
  for (let caller = 0; caller < 200; caller++) {
    let step = delays.next();
    for (let time = 1; time < 8; time++) step = delays.next(step.state);
    assert.ok(step.delay <= 1_000);
    const slot = Math.floor(step.delay / 10);
    busy.set(slot, (busy.get(slot) ?? 0) + 1);
  }
  const busiest = Math.max(...busy.values());
  console.log(`  jitter ${jitter.padEnd(15)}${busiest}`);
  // 200 callers over 100 slots are two each; twenty in one is more than chance does.
  assert.ok(jitter === "none" ? busiest === 200 : busiest < 20);
}
