// A stack in front of Fastify
//
// Two routes, each with limits of its own: an instance of Fastify is a place for a plugin, and so for a stack. `/search` may run four at a
// time; `/export` one, and each client may begin two in a minute.
//
// The failure it prevents: one limit for the whole server, which the slow route fills, so that the quick one answers nothing.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBuilder } from "@sluice/core";
import { guard, signalOf } from "@sluice/http/fastify";
import { harden, serverOptions } from "@sluice/http/node";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, TokenBucket } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import Fastify, { type FastifyRequest } from "fastify";

// ── A quota for each client ──────────────────────────────────────────────────────────────────────────────────────────

// The request says who it is; a rate says that it is one, so the refusal is a 429. A client whose quota is full again may be forgotten.
const perClient = keyed({
  key: (request: FastifyRequest) => request.headers["x-client"],
  gate: () => new TokenBucket({ limit: 2, interval: 60_000 }),
  label: "perClient",
});

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

// Fastify sets two of these times itself, so they are its own options as well.
const app = Fastify({ ...serverOptions(), http: serverOptions(), forceCloseConnections: true });
harden(app.server);
const exports = concurrencyLimit(1);

await app.register(async (search) => {
  await search.register(guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(500))));
  search.get("/search", async () => "found");
});
await app.register(async (slow) => {
  const stack = new ServiceBuilder().layer(perClient).layer(exports).layer(timeout(5_000));
  await slow.register(guard(stack));
  slow.get("/export", async (request) => {
    // Fastify's own `request.signal` is another: it aborts as soon as a body was parsed.
    await sleep(100, undefined, { signal: signalOf(request) });
    return "exported";
  });
});
const url = await app.listen({ port: 0, host: "127.0.0.1" });

// ── What clients see ─────────────────────────────────────────────────────────────────────────────────────────────────

const ask = (path: string, client: string) => fetch(url + path, { headers: { "x-client": client } });
const first = ask("/export", "ann");
while (exports.active === 0) await sleep(1);

const full = await ask("/export", "bob");
console.log(`While one exports, another is refused: ${full.status}.`);
assert.equal(full.status, 503);
const searches = await Promise.all(["/search", "/search", "/search"].map((path) => ask(path, "bob")));
console.log(`Three searches meanwhile: ${searches.map(({ status }) => status).join(", ")}.`);
assert.ok(searches.every(({ status }) => status === 200));

assert.equal((await first).status, 200);
assert.equal((await ask("/export", "ann")).status, 200);
const third = await ask("/export", "ann");
console.log(`Ann's third export in a minute: ${third.status}, to come back in ${third.headers.get("retry-after")} s.`);
console.log(await third.json());
assert.equal(third.status, 429);
assert.equal((await ask("/export", "bob")).status, 200);

await app.close();
assert.equal(exports.active, 0);
