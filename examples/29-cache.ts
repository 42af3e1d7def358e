// A stampede
//
// A database answers 20 queries at once, each in 50 ms. A page that a thousand callers want at the same moment costs it one query for
// each of them, or one for all. Then callers leave, one by one and all together, and one has less time than the others.
//
// The failure it prevents: a cache that empties, and a thousand callers who all fill it. And its remedies' own failures: one caller's
// abort that ends everybody's work, work that nobody wants and that runs on, and one caller's deadline that is everybody's.

import assert from "node:assert/strict";
import { type AnyLayer, identity, ServiceBuilder } from "@sluice/core";
import { cache, coalesce } from "@sluice/cache";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// ── A thousand callers of one page ───────────────────────────────────────────────────────────────────────────────────

interface Stampede {
  readonly queries: number;
  readonly slowest: number; // ms
}

async function stampede(layer: AnyLayer): Promise<Stampede> {
  const clock = new VirtualClock();
  let queries = 0;
  let slowest = 0;
  const database = new ServiceBuilder()
    .layer(layer)
    .layer(concurrencyLimit(20)) // what it can take
    .serviceFn((page: string) => {
      queries += 1;
      return new Promise<string>((answer) => clock.setTimeout(() => answer(`<h1>${page}</h1>`), 50));
    });
  for (let caller = 0; caller < 1_000; caller += 1) {
    void database.call("home").then(() => (slowest = Math.max(slowest, clock.now())));
  }
  await clock.advanceAsync(10_000);
  return { queries, slowest };
}

const alone = await stampede(identity());
const shared = coalesce({ key: (page: string) => page });
const together = await stampede(shared);

console.log(`each for itself: ${alone.queries} queries, the last caller waits ${alone.slowest} ms`);
console.log(`single flight:   ${together.queries} query, the last caller waits ${together.slowest} ms`);
assert.deepEqual(alone, { queries: 1_000, slowest: 2_500 });
assert.deepEqual(together, { queries: 1, slowest: 50 });
assert.equal(shared.joined, 999);

// ── Who leaves, leaves alone ─────────────────────────────────────────────────────────────────────────────────────────

const clock = new VirtualClock();
let aborted = 0;
let begun = 0;
const report = new ServiceBuilder().layer(coalesce({ key: (name: string) => name, clock })).serviceFn(
  (name: string, { signal, deadline }) =>
    new Promise<string>((answer, fail) => {
      begun += 1;
      signal?.addEventListener("abort", () => (aborted += 1));
      // A service that stops at its deadline, as one behind `timeout` does.
      if (deadline !== undefined) clock.setTimeout(() => fail(new Error("out of time")), deadline - clock.now());
      clock.setTimeout(() => answer(`the ${name} report`), 100);
    }),
);

const [ann, bob] = [new AbortController(), new AbortController()];
const anns = report.call("daily", { signal: ann.signal }).catch((reason: unknown) => reason);
const bobs = report.call("daily", { signal: bob.signal });
ann.abort("ann closed the tab");
assert.equal(await anns, "ann closed the tab"); // at once
assert.equal(aborted, 0); // bob still wants it
await clock.advanceAsync(100);
assert.equal(await bobs, "the daily report");

// When all have left, nobody wants the work.
const [carl, dora] = [new AbortController(), new AbortController()];
const both = [carl, dora].map(({ signal }) => report.call("weekly", { signal }));
const left = Promise.allSettled(both);
carl.abort("carl went home");
assert.equal(aborted, 0);
dora.abort("dora did, too");
await left;
assert.equal(aborted, 1);
console.log("one caller left, and the other had its answer; both left, and the work was aborted");

// ── A caller in a hurry ──────────────────────────────────────────────────────────────────────────────────────────────

// The first caller has 30 ms, and its call takes 100. The two who joined have more time, and begin one more between them.
begun = 0;
const hurried = report.call("monthly", { deadline: clock.now() + 30 }).catch((error: Error) => error.message);
const patient = [report.call("monthly"), report.call("monthly")];
await clock.advanceAsync(130);
assert.equal(await hurried, "out of time");
assert.deepEqual(await Promise.all(patient), ["the monthly report", "the monthly report"]);
assert.equal(begun, 2);
console.log("the deadline of the first was its own");

// ── Past its time ────────────────────────────────────────────────────────────────────────────────────────────────────

// An answer is fresh for 10 s; then it is given for another 20 s while one call refreshes it, and for 60 s where the database fails.
const time = new VirtualClock();
let version = 1;
let down = false;
const kept = cache({
  key: (sku: string) => sku,
  ttl: 10_000,
  staleWhileRevalidate: 20_000,
  staleIfError: 60_000,
  clock: time,
});
const price = new ServiceBuilder().layer(kept).serviceFn(async (sku: string) => {
  if (down) throw new Error("the database is down");
  return `${sku}, version ${version}`;
});

assert.equal(await price.call("socks"), "socks, version 1");
version = 2;
await time.advanceAsync(15_000);
assert.equal(await price.call("socks"), "socks, version 1"); // at once, and the refresh runs at its side
assert.equal(await price.call("socks"), "socks, version 2");
down = true;
await time.advanceAsync(60_000);
assert.equal(await price.call("socks"), "socks, version 2"); // better than nothing
await time.advanceAsync(20_000);
await assert.rejects(price.call("socks"), /the database is down/); // too old
console.log(`${kept.hits} hits, ${kept.stale} of them stale; ${kept.misses} misses, ${kept.refreshes} refresh`);
