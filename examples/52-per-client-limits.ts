// Limits for each client
//
// An API with keys. Each client may begin ten requests in a minute, and have two at work at a time; all together may have four.
//
//   rateLimitFields        tells each client what is left of its quota
//   keyed(TokenBucket)     a quota for each: above it 429, for it is the client's doing
//   buffer(16)             sixteen may wait
//   keyed(Semaphore)       two at a time for each: who has more waits for its own, and holds up nobody else
//   concurrencyLimit(4)    what the server can do: above it 503
//
// The failure it prevents: one client with a loop in its script, and everybody else is told that the server is full. And the remedy's own: a map
// with an entry for each client that was ever seen.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { Semaphore, ServiceBuilder } from "@sluice/core";
import { answerFailures, rateLimitFields, toFetchHandler } from "@sluice/http";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, TokenBucket } from "@sluice/limit";
import { serve } from "srvx";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

// Who it is: what was authenticated, not what anybody may write. By address behind a proxy: what the proxy says, and only where it is yours.
const keys = new Map([
  ["key-of-ann", "ann"],
  ["key-of-bob", "bob"],
]);
const clientOf = (request: Request): string => keys.get(request.headers.get("x-api-key") ?? "") ?? "anonymous";

// A client whose quota is full again, or that has nothing at work, is forgotten when its place is needed.
const quotas = keyed({
  key: clientOf,
  gate: () => new TokenBucket({ limit: 10, interval: 60_000, burst: 10 }),
  maxKeys: 1_000,
});
const shares = keyed({ key: clientOf, gate: () => new Semaphore(2), maxKeys: 1_000 });
const quotaOf = (request: Request): TokenBucket | undefined => {
  const quota = quotas.get(clientOf(request));
  return quota instanceof TokenBucket ? quota : undefined;
};
const all = concurrencyLimit(4);
const atWork = new Map<string, number>();
const most = new Map<string, number>();

const api = toFetchHandler(
  new ServiceBuilder()
    .layer(rateLimitFields({ rate: quotaOf }))
    .layer(answerFailures())
    .layer(quotas)
    .layer(buffer({ capacity: 16 }))
    .layer(shares)
    .layer(all)
    .serviceFn(async (request: Request) => {
      const client = clientOf(request);
      atWork.set(client, (atWork.get(client) ?? 0) + 1);
      most.set(client, Math.max(most.get(client) ?? 0, atWork.get(client) ?? 0));
      await sleep(50);
      atWork.set(client, (atWork.get(client) ?? 0) - 1);
      return new Response(`hello ${client}`);
    }),
);
const server = serve({ fetch: api, port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
await server.ready();

// ── Ann's script has a loop ──────────────────────────────────────────────────────────────────────────────────────────

const ask = async (key: string) => {
  const response = await fetch(server.url as string, { headers: { "x-api-key": key } });
  await response.text();
  return response;
};
const loop = Promise.all(Array.from({ length: 20 }, () => ask("key-of-ann")));
const bob = await ask("key-of-bob");
const answers = await loop;
const statuses = [200, 429, 503].map((code) => answers.filter(({ status }) => status === code).length);
console.log(
  `Ann, twenty at once: ${statuses[0]} served, ${statuses[1]} above her quota, never more than ${most.get("ann")} at work.`,
);
console.log(`Bob, meanwhile: ${bob.status}, with ${bob.headers.get("ratelimit")} left.`);
assert.deepEqual(statuses, [10, 10, 0]);
assert.equal(most.get("ann"), 2);
assert.equal(bob.status, 200);

const over = await ask("key-of-ann");
console.log(
  `Ann's next: ${over.status}. retry-after: ${over.headers.get("retry-after")}, ` +
    `ratelimit-policy: ${over.headers.get("ratelimit-policy")}, ratelimit: ${over.headers.get("ratelimit")}`,
);
assert.equal(over.status, 429);
assert.match(over.headers.get("ratelimit-policy") ?? "", /^"default";q=10;w=60$/);
assert.match(over.headers.get("ratelimit") ?? "", /^"default";r=0;t=[1-6]$/);

// A stranger is one of all strangers.
assert.equal((await ask("a key that nobody has")).status, 200);
assert.equal(quotas.size, 3);

await server.close(true);
assert.equal(all.active, 0);
