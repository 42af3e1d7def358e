// Readiness travels down a stack
//
// Before a request sets out, every point on its way says whether it can take it: a rate limit, a concurrency limit, a
// timeout, a client with a connection pool. The answer is one permit that holds something at each of them, or nothing at
// all. This file takes one stack through eight moments of a second, and shows at each what is free, and who holds it up.
//
// The failure it prevents: the request that sets out too soon. It gets through the rate limit, then waits for a
// connection that is not there, holding what it took on the way, with a thousand others behind it; and nobody can say
// where they stand.

import assert from "node:assert/strict";
import { gate, Semaphore, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";

// A clock that only moves when it is told to, so that the second is over at once, and the same each time.
const clock = new VirtualClock();

// The stack. The first layer is the outermost; a request passes them from top to bottom, and so does readiness.
const rate = rateLimit({ limit: 4, interval: 1_000, clock }); // four queries a second
const slots = concurrencyLimit(3); // three at once
const connections = new Semaphore(2); // a pool of two connections
const database = new ServiceBuilder()
  .layer(rate)
  .layer(slots)
  .layer(timeout({ ready: 50, clock })) // nobody waits longer than 50 ms for what is further in
  .layer(gate(connections, { name: "connectionPool" }))
  .serviceFn(
    (query: string) => new Promise<string>((resolve) => clock.setTimeout(() => resolve(`rows of ${query}`), 100)),
  );

// The same stack for somebody who does not wait: a call that finds it not ready fails, with the name of who refused.
const impatient = new ServiceBuilder().layer(loadShed()).service(database);

async function heldUpBy(): Promise<string> {
  using permit = database.tryReady(); // reserves all the way down; the end of the block gives it back
  if (permit !== undefined) return "nobody";
  const failure = await impatient.call("anything").catch((error: unknown) => error);
  return isOverloadedError(failure) ? `${failure.layer}` : "?";
}

const seen: string[] = [];
async function show(moment: string): Promise<void> {
  const free = [rate.available, slots.available, connections.available];
  const by = await heldUpBy();
  // Asking is free: who is refused further in leaves nothing held further out.
  assert.deepEqual([rate.available, slots.available, connections.available], free);
  seen.push(`${free.join(" ")} ${by}`);
  const columns = free.map((count) => `${count}`.padStart(7)).join("");
  console.log(`${`${clock.now()}`.padStart(4)} ms  ${moment.padEnd(38)}${columns}   ${by}`);
}

console.log(`${"free:".padStart(43)}     rate  slots  conns   held up by`);

await show("nothing is going on");

const permit = await database.ready();
await show("a permit in hand, and nothing runs");
permit.release();

const first = Promise.all([database.call("q1"), database.call("q2")]);
await show("two queries run");

// The third one has to wait for a connection. Meanwhile it holds its turn in the rate, and the last slot.
const third = database.call("q3").catch((error: unknown) => error);
await show("a third is in line for a connection");

// The timeout holds nobody up; it limits for how long somebody is held up by what is further in.
await clock.advance(50);
assert.ok(isTimeoutError(await third));
await show("the third gave up");

await clock.advance(50);
assert.deepEqual(await first, ["rows of q1", "rows of q2"]);
await show("the two are done");

const second = Promise.all([database.call("q4"), database.call("q5")]);
await clock.advance(100);
assert.deepEqual(await second, ["rows of q4", "rows of q5"]);
await show("two more are done, nothing runs");

await clock.advance(800);
await show("a second after the first two");

assert.deepEqual(seen, [
  "4 3 2 nobody",
  "3 2 1 nobody", // the permit holds one of each, although nothing runs
  "2 1 0 connectionPool", // there are slots and turns, but no connection
  "1 0 0 concurrencyLimit", // held by those who run, and by the one who waits further in
  "2 1 0 connectionPool", // what the third held came back: its turn, its slot
  "2 3 2 nobody",
  "0 3 2 rateLimit", // out of capacity with nothing in flight
  "2 3 2 nobody",
]);
console.log("a permit holds something at every point; a refusal, wherever it comes from, holds nothing");
