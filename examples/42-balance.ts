// One of three servers is slow, one fails
//
// 300 requests a second for three servers that are the same. One of them takes a second instead of 10 ms, and later another one
// answers nothing but errors. Taken in turns, each gets a third of all requests, whatever becomes of them.
//
// The failure it prevents: a server that is slow or broken keeps its share of the calls, while the others have room.

import assert from "node:assert/strict";
import { type Service, ServiceBuilder } from "@sluice/core";
import { balance } from "@sluice/balance";
import { maglev } from "@sluice/balance/hash";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the seconds.
const clock = new VirtualClock();

class ServerError extends Error {
  readonly code = "SERVER_ERROR";
}

// ── Three servers ────────────────────────────────────────────────────────────────────────────────────────────────────

class Server {
  takes = 10; // ms
  broken = false;
  asked = 0;

  ask(name: string): Promise<string> {
    this.asked += 1;
    return new Promise((resolve, reject) => {
      clock.setTimeout(() => (this.broken ? reject(new ServerError()) : resolve(`hello ${name}`)), this.takes);
    });
  }
}

const threeServers = () => [new Server(), new Server(), new Server()] as const;

/** What belongs to one server goes around it: here, how many calls it takes at once. */
const serviceOf = (server: Server): Service<string, string> =>
  new ServiceBuilder().layer(concurrencyLimit(20)).serviceFn((name: string) => server.ask(name));

// ── Two clients ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Ask = (name: string) => Promise<string>;

/** As it is often written: take turns. */
function inTurns(servers: readonly Server[]): Ask {
  const services = servers.map(serviceOf);
  let turn = 0;
  return (name) => services[turn++ % services.length]!.call(name);
}

function balanced(servers: readonly Server[]) {
  return balance({
    endpoints: servers.map((server, nth) => [nth, serviceOf(server)]),
    load: "peak-ewma", // latency times what is pending
    defaultRtt: 10,
    outliers: { consecutive: 5, base: 5_000 },
    clock,
  });
}

/** Six seconds: one server slow from the first on, another broken from the third on. */
async function sixSeconds(servers: readonly Server[], ask: Ask) {
  const result = { "in time": 0, late: 0, failed: 0 };
  for (let ms = 0; ms < 6_000; ms += 10) {
    if (ms === 1_000) servers[0]!.takes = 1_000;
    if (ms === 3_000) servers[1]!.broken = true;
    for (let nth = 0; nth < 3; nth++) {
      const begin = clock.now();
      ask("ann").then(
        () => (result[clock.now() - begin <= 100 ? "in time" : "late"] += 1),
        () => (result.failed += 1),
      );
    }
    await clock.advance(10);
  }
  await clock.advance(600_000);
  return result;
}

const turns = threeServers();
const byTurns = await sixSeconds(turns, inTurns(turns));
const servers = threeServers();
const service = balanced(servers);
const byBalance = await sixSeconds(servers, (name) => service.call(name));
console.log("in turns: ", byTurns);
console.log("balanced: ", byBalance);

assert.ok(byBalance["in time"] > 1_700); // of 1,800
assert.ok(byTurns["in time"] < 1_200);
assert.ok(byBalance.failed <= 15 && byTurns.failed > 200);

// ── What it knows of them ────────────────────────────────────────────────────────────────────────────────────────────

for (const { key, pending, ejections } of service.endpoints) console.log({ key, pending, ejections });
assert.ok(service.endpoints[1]!.ejections >= 1);
assert.equal(service.pending, 0);

// A server that is taken away finishes what it has; another one is used at once.
service.delete(1);
service.add(3, serviceOf(new Server()));
assert.equal(service.size, 3);

// ── By key ───────────────────────────────────────────────────────────────────────────────────────────────────────────

// Servers that keep something for each user: all requests of one user go to one of them, whatever else comes and goes.
const caches = threeServers();
const perUser = balance({
  endpoints: caches.map((server, nth) => [nth, serviceOf(server)]),
  pick: maglev({ key: (name: string) => name, boundedLoad: 1.25 }),
});
for (let nth = 0; nth < 10; nth++) {
  const answer = perUser.call("ann");
  await clock.advance(10);
  await answer;
}
const asked = caches.map((server) => server.asked);
console.log(`ten requests of ann: ${asked.join(", ")}`);
assert.deepEqual(asked.toSorted(), [0, 0, 10]);
