// A fallback
//
// Exchange rates come from a primary, at most four requests at a time, with a circuit breaker in front of it. There is a
// replica that takes two at a time, and a table of this morning. A rate that is an hour old is better than none.
//
// The failure it prevents: a page that shows an error although there was an answer. And three that come with careless
// fallbacks: those who wait for the primary while the replica stands idle; a fallback that goes to work for a caller who has
// left; and one that hides for weeks that the primary is down.

import assert from "node:assert/strict";
import { circuitBreaker } from "@sluice/circuit-breaker";
import { ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { fallback } from "@sluice/util";

const clock = new VirtualClock();
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });

// ── Three sources ────────────────────────────────────────────────────────────────────────────────────────────────────

const asked = { primary: 0, replica: 0, table: 0 };
let up = true;
const breaker = circuitBreaker({ consecutive: 3, breakFor: 1_000, clock });
const primary = new ServiceBuilder()
  .layer(breaker)
  .layer(concurrencyLimit(4, { clock }))
  .serviceFn(async (currency: string) => {
    asked.primary += 1;
    await sleep(10);
    if (!up) throw new Error("connection refused");
    return `${currency}: now`;
  });
const replica = new ServiceBuilder().layer(concurrencyLimit(2, { clock })).serviceFn(async (currency: string) => {
  asked.replica += 1;
  await sleep(10);
  return `${currency}: a second ago`;
});
const table = serviceFn((currency: string) => {
  asked.table += 1;
  return `${currency}: this morning`;
});

// The outer one is asked last.
const toTable = fallback({ to: table });
const toReplica = fallback({ to: replica });
const rates = new ServiceBuilder().layer(toTable).layer(toReplica).service(primary);

async function ask(count: number): Promise<string> {
  Object.assign(asked, { primary: 0, replica: 0, table: 0 });
  const answers = Array.from({ length: count }, () => rates.call("CHF"));
  await clock.advanceAsync(50);
  assert.equal((await Promise.all(answers)).length, count); // nobody is left without an answer
  return `primary ${asked.primary}, replica ${asked.replica}, table ${asked.table}`;
}

// ── No room ──────────────────────────────────────────────────────────────────────────────────────────────────────────

console.log("who is asked for ten rates at once:");
const busy = await ask(10);
console.log(`  all is well             ${busy}`);
// Nobody waits as long as somebody has room: four, two, and the rest.
assert.deepEqual(asked, { primary: 4, replica: 2, table: 4 });

// ── A failure, and a refusal ─────────────────────────────────────────────────────────────────────────────────────────

up = false;
const failing = await ask(3);
console.log(`  the primary is down, 3  ${failing}`);
// After a failure the replica is asked, and waited for where it is busy: all three have its answer. And the circuit is open.
assert.deepEqual(asked, { primary: 3, replica: 3, table: 0 });
assert.equal(breaker.state, "open");

const open = await ask(2);
console.log(`  the circuit is open, 2  ${open}`);
assert.deepEqual(asked, { primary: 0, replica: 2, table: 0 });

// ── A caller who has left ────────────────────────────────────────────────────────────────────────────────────────────

up = true;
breaker.close();
Object.assign(asked, { primary: 0, replica: 0, table: 0 });
const controller = new AbortController();
up = false;
const gone = rates.call("CHF", { signal: controller.signal }).catch((reason: unknown) => reason);
controller.abort("closed the page");
await clock.advanceAsync(50);
assert.equal(await gone, "closed the page");
assert.deepEqual(asked, { primary: 1, replica: 0, table: 0 });
console.log("a caller who has left: nobody else is asked");

// ── What it hides ────────────────────────────────────────────────────────────────────────────────────────────────────

// Everybody had an answer. So watch the counters: it is here that an outage shows.
console.log(`fallbacks to the replica: ${toReplica.fallbacks}, to the table: ${toTable.fallbacks}`);
assert.ok(toReplica.fallbacks > 0 && toTable.fallbacks > 0);
