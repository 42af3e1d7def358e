// A limit for each tenant
//
// A service has 20 slots for all its tenants. One of them sends a thousand requests at once; the nine others send one every
// 50 ms, as every day. That is tried with one limit for all, and with one for each. Then a hundred thousand strangers come by,
// once each, and a client tries to get a new quota by being forgotten among them.
//
// The failure it prevents: one tenant that takes the service down for all. And its remedy's own failure: a map of limits, one
// for each key that was ever seen, which grows until the process dies; or which forgets a client that has used up its quota,
// and so gives it another one.

import assert from "node:assert/strict";
import { type AnyLayer, isOverloadedError, Semaphore, ServiceBuilder } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, TokenBucket } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// ── One noisy tenant ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Ask {
  readonly tenant: string;
}

// How long the requests of the quiet tenants take, the wait in line included: the slowest of them, in ms.
async function slowestOfTheQuiet(limit: AnyLayer): Promise<number> {
  const clock = new VirtualClock();
  const service = new ServiceBuilder()
    .layer(limit)
    .layer(concurrencyLimit(20)) // what the service can take
    .serviceFn((_ask: Ask) => new Promise<void>((done) => clock.setTimeout(done, 40)));

  for (let request = 0; request < 1_000; request += 1) void service.call({ tenant: "noisy" });
  let slowest = 0;
  for (let ms = 0; ms < 1_000; ms += 50) {
    for (let tenant = 0; tenant < 9; tenant += 1) {
      const began = clock.now();
      void service.call({ tenant: `quiet-${tenant}` }).then(() => (slowest = Math.max(slowest, clock.now() - began)));
    }
    await clock.advanceAsync(50);
  }
  await clock.advanceAsync(10_000);
  return slowest;
}

// As it is: whoever comes first is served first, and the noisy one came with a thousand.
const shared = await slowestOfTheQuiet(concurrencyLimit(20));

// Four slots for each tenant. The noisy one waits in a line of its own, and its line holds up nobody else.
const perTenant = keyed({ key: ({ tenant }: Ask) => tenant, gate: () => new Semaphore(4) });
const each = await slowestOfTheQuiet(perTenant);

console.log(`one limit for all: the quiet tenants wait up to ${shared} ms`);
console.log(`one for each:      the quiet tenants wait up to ${each} ms; ${perTenant.size} tenants have a gate`);
assert.ok(shared > 1_000);
assert.equal(each, 40);

// ── A hundred thousand strangers ─────────────────────────────────────────────────────────────────────────────────────

// Ten requests a minute for each client, and no more than a thousand clients at a time.
const clock = new VirtualClock();
const perClient = keyed({
  key: (address: string) => address,
  gate: () => new TokenBucket({ limit: 10, interval: 60_000, clock }),
  maxKeys: 1_000,
  whenFull: "share", // whoever there is no place for shares one gate with all others; the default is to refuse
});
const lookUp = new ServiceBuilder().layer(perClient).serviceFn((address: string) => `hello ${address}`);

// A client uses up its quota,
for (let request = 0; request < 10; request += 1) await lookUp.call("10.0.0.1");
assert.equal(lookUp.tryReady("10.0.0.1"), undefined);

// and strangers come by. Each reserves a permit and gives it back: then it owes nothing, and its place is the next one's.
for (let stranger = 0; stranger < 100_000; stranger += 1) {
  lookUp.tryReady(`172.16.${stranger >> 8}.${stranger & 255}`)?.release();
}
console.log(`${perClient.size} gates, ${perClient.evicted} forgotten`);
assert.equal(perClient.size, 1_000);

// The client is not forgotten: it owes more than they do, and is let in when it has a token again, and no sooner.
assert.equal(lookUp.tryReady("10.0.0.1"), undefined);
await clock.advance(6_000);
assert.equal(await lookUp.call("10.0.0.1"), "hello 10.0.0.1");

// ── A permit for one tenant, spent on another ────────────────────────────────────────────────────────────────────────

// It is exchanged: what it held is free again, and the other tenant's gate is tried once, without waiting.
const service = new ServiceBuilder().layer(perTenant).serviceFn(({ tenant }: Ask) => tenant);
const held = [1, 2, 3, 4].map(() => service.tryReady({ tenant: "ann" }));
const permit = service.tryReady({ tenant: "bob" });
const refusal: unknown = await permit?.call({ tenant: "ann" }).catch((error: unknown) => error);
assert.ok(isOverloadedError(refusal)); // four of ann's are out already
for (const other of held) other?.release();
console.log("a permit for bob is none for ann, who has four");
