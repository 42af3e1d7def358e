// A quota for each client, over all replicas
//
// Three replicas behind a load balancer, and a hundred requests a minute for each client.
//
//   loadShed({ wait: 50 })   who cannot be let in within 50 ms is refused: time for a round trip to the store
//   keyed(rate.forKey)       a gate for each client, made by one shared rate: what it knows of the store, all of them know
//
// The failure it prevents: a quota that is three times as large as it says, or a third of it for clients whose requests all go to one replica;
// a map of clients that grows without end; a store that is away, and takes every client with it.

import assert from "node:assert/strict";
import { type AnyLayer, isOverloadedError, ServiceBuilder } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import { TokenBucket } from "@sluice/limit";
import { memoryStore, type RateStore, SharedRate } from "@sluice/limit-shared";
import { loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the minutes.
const clock = new VirtualClock();
const quota = { limit: 100, interval: 60_000, clock };

// In a process of its own each replica has `redisStore({ send })`. Here they share a model of it, 1 ms away, which can be down.
let isDown = false;
const memory = memoryStore({ clock });
const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));
const store: RateStore = {
  async take(key, ask) {
    await after(1);
    // It does not even refuse.
    if (isDown) return new Promise(() => {});
    const answer = await memory.take(key, ask);
    await after(1);
    return answer;
  },
};

// ── A replica ────────────────────────────────────────────────────────────────────────────────────────────────────────

const clientOf = (client: string): string => client;

function sharedReplica() {
  // `share`: what one replica may let in while the store is down. Where nobody knows how many there are, leave it out.
  const rate = new SharedRate({ ...quota, store, key: "client", share: 1 / 3 });
  const perClient = keyed({ key: clientOf, gate: (client) => rate.forKey(client), maxKeys: 1_000 });
  return { rate, perClient, call: serve(perClient) };
}

/** Whether a request of a client is let in. */
function serve(perClient: AnyLayer): (client: string) => Promise<boolean> {
  const service = new ServiceBuilder()
    .layer(loadShed({ wait: 50, clock }))
    .layer(perClient)
    .serviceFn(async (client: string) => `hello ${client}`);
  return (client) =>
    service.call(client).then(
      () => true,
      (error: unknown) => {
        if (isOverloadedError(error)) return false;
        throw error;
      },
    );
}

/** How many requests of `clients` are let in, one each millisecond. `balance` says which replica is next. */
async function letIn(
  replicas: readonly ((client: string) => Promise<boolean>)[],
  clients: readonly string[],
  balance: (nth: number) => number = (nth) => nth % replicas.length,
): Promise<number> {
  const answers: Promise<boolean>[] = [];
  for (const [nth, client] of clients.entries()) {
    answers.push(replicas[balance(nth)]!(client));
    await clock.advanceAsync(1);
  }
  await clock.advanceAsync(300);
  return (await Promise.all(answers)).filter(Boolean).length;
}

// ── One client, with more requests than it may have ───────────────────────────────────────

const ann = Array.from({ length: 400 }, () => "ann");
const bob = Array.from({ length: 400 }, () => "bob");
const local = (limit: number) =>
  Array.from({ length: 3 }, () =>
    serve(keyed({ key: clientOf, gate: () => new TokenBucket({ ...quota, limit }), maxKeys: 1_000 })),
  );
const replicas = [sharedReplica(), sharedReplica(), sharedReplica()];
const shared = replicas.map(({ call }) => call);
const trips = () => replicas.reduce((sum, { rate }) => sum + rate.trips, 0);

// Ann's requests go to all replicas, and Bob's connection is kept alive: all of his go to one.
const rows = [
  ["each has the whole quota", local(100)],
  ["each has a third", local(34)],
  ["all share it", shared],
] as const;
const counts: [ann: number, bob: number][] = [];
for (const [name, all] of rows) {
  const count: [number, number] = [await letIn(all, ann), await letIn(all, bob, () => 0)];
  counts.push(count);
  console.log(`${name.padEnd(25)} Ann, by all replicas: ${count[0]} let in. Bob, by one: ${count[1]}.`);
}
assert.ok(counts[0]![0] >= 300);
assert.ok(counts[1]![1] <= 35);
assert.ok(counts[2]!.every((count) => count >= 98 && count <= 102));

const before = trips();
const more = await letIn(shared, ann);
console.log(`Ann goes on: ${more} of 400 let in, and the store was asked ${trips() - before} times for all of them.`);
assert.ok(trips() - before < 20);

// ── Strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────

const crowd = Array.from({ length: 20_000 }, (_, nth) => `stranger ${nth}`);
const strangers = await letIn(shared, crowd);
const places = replicas.map(({ perClient }) => perClient.size);
console.log(`${crowd.length} strangers: ${strangers} let in. Gates in the replicas: ${places.join(", ")}.`);
assert.equal(strangers, crowd.length);
assert.ok(places.every((size) => size <= 1_000));

// ── The store is away ─────────────────────────────────────────────────────────────────────

isDown = true;
const early = await letIn(shared, crowd.slice(0, 300));
const known = await letIn(shared, ann);
const late = await letIn(shared, crowd.slice(300, 900));
console.log(`The store is down. Of 300 strangers ${early} are let in: those refused came before it was known.`);
console.log(
  `From then on all are, ${late} of 600, without a wait; and Ann, ${known} times: a third of her quota in each.`,
);
assert.ok(early < 300 && late === 600);
assert.ok(known >= 97 && known <= 102);
assert.deepEqual(
  replicas.map(({ rate }) => rate.state),
  ["down", "down", "down"],
);

isDown = false;
await clock.advanceAsync(1_000);
await letIn(shared, crowd.slice(0, 30));
await clock.advanceAsync(1_000);
const back = await letIn(shared, crowd.slice(0, 300));
console.log(`It is back: ${back} of 300 are let in, and Ann's quota is used up in all replicas.`);
assert.equal(back, 300);
assert.ok((await letIn(shared, ann)) < 20);
