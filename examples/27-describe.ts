// What a service is made of
//
// Two stacks of the same layers, in two orders. Both type-check, both answer, and under a calm load nobody could tell one
// from the other. `describe` tells: it shows each stack as it stands, with the numbers of now, and warns of what does not do
// what it looks like. Then both are put under load, to see whether the warnings were right.
//
// The failure it prevents: an order of layers that looks like protection and is none, found when it is needed.

import assert from "node:assert/strict";
import { type AnyService, type Service, ServiceBuilder } from "@sluice/core";
import { describe } from "@sluice/describe";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { boxed, routingTable } from "@sluice/util-box";

const clock = new VirtualClock();

/** Answers after 20 ms; the first attempt of every third request fails. */
function backend() {
  const tried = new Set<number>();
  return async function prices(request: number): Promise<string> {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
    if (request % 3 === 0 && !tried.has(request)) {
      tried.add(request);
      throw new Error("try again");
    }
    return `price of ${request}`;
  };
}

const backoff = exponentialBackoff({ base: 200, max: 200, jitter: "none" });

// ── As it was written first ──────────────────────────────────────────────────────────────────────────────────────────

const first = new ServiceBuilder()
  .layer(concurrencyLimit(10, { clock })) // "never more than ten at once"
  .layer(loadShed({ clock })) // "and the rest is refused"
  .layer(timeout({ call: 1_000, clock }))
  .layer(retry(retryPolicy({ maxRetries: 2, backoff }), { clock }))
  .serviceFn(backend());

console.log(describe(first).toString());
assert.deepEqual(
  describe(first).warnings.map(({ rule, layer }) => `${layer}: ${rule}`),
  [
    "concurrencyLimit: limit-outside-retry", // a slot is held through the backoff
    "concurrencyLimit: unbounded-line", // nobody is refused in front of it
    "loadShed: shed-inside-limit", // and inside of it there is always room
    "retry: retry-without-budget",
    "retry: retry-without-attempt-timeout",
  ],
);

// ── As it is meant ───────────────────────────────────────────────────────────────────────────────────────────────────

const budget = retryBudget({ ttl: 10_000, minPerSecond: 100, ratio: 0.5, clock });
const second = new ServiceBuilder()
  .layer(loadShed({ clock }))
  .layer(timeout({ call: 1_000, clock }))
  .layer(retry(retryPolicy({ maxRetries: 2, backoff, budget }), { clock }))
  .layer(concurrencyLimit(10, { clock }))
  .layer(timeout({ call: 100, clock }))
  .serviceFn(backend());

console.log(`\n${describe(second).toString()}`);
assert.deepEqual(describe(second).warnings, []);

// ── Under load ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A request every 4 ms for two seconds; then what became of them, and how many still wait. */
async function load(service: Service<number, string>) {
  const seen = { answered: 0, refused: 0, waiting: 0 };
  for (let request = 0; request < 500; request++) {
    service.call(request).then(
      () => seen.answered++,
      (error: unknown) => {
        assert.ok(isOverloadedError(error));
        seen.refused++;
      },
    );
    await clock.advanceAsync(4);
  }
  // The numbers of now: the same tree, with what its layers count at this moment.
  for (let node = describe(service).root; ; node = node.inner) {
    if (node.layer === "concurrencyLimit") seen.waiting = node.numbers["waiting"]!;
    if (node.inner === undefined) break;
  }
  const atTheEnd = { ...seen };
  await clock.advanceAsync(10_000);
  return atTheEnd;
}

const [asWritten, asMeant] = [await load(first), await load(second)];
console.log("\nafter two seconds at 250 requests a second:", { asWritten, asMeant });
// Ten slots of 93 ms on average are 107 requests a second; the others stand in a line that grows.
assert.ok(asWritten.answered < 260 && asWritten.waiting > 200 && asWritten.refused === 0);
// Ten slots of 27 ms are 375 a second: there is room for all.
assert.ok(asMeant.answered > 450 && asMeant.waiting === 0);

// ── For others to see ────────────────────────────────────────────────────────────────────────────────────────────────

// The same as JSON, for a page of your own, and as a diagram that GitHub draws. Routes stand side by side.
const routes = new Map([
  ["/prices", boxed(second)],
  ["/old", boxed(first)],
]);
const gateway: AnyService = routingTable({ key: (request: number) => (request < 0 ? "/old" : "/prices"), routes });
const { root, warnings } = JSON.parse(JSON.stringify(describe(gateway))) as ReturnType<typeof describe>;
assert.deepEqual(
  root.branches?.map(({ key }) => key),
  ["/prices", "/old"],
);
assert.ok(warnings.every(({ at }) => at.startsWith("n_1")));
console.log(`\n${describe(gateway).toMermaid()}`);
