// A pool of connections behind an endpoint
//
// A server asks another one for each of its requests, over three connections of undici. The pool is a service: ready means that a connection
// is free. So the edge knows whether a request would wait, and nothing waits in a line that nobody sees.
//
//   buffer(3)              three may wait for a connection
//   timeout(10_000)        for the head of an answer
//   undiciService          three connections; a permit is one of them, until the body of the answer has ended
//
// The failure it prevents: a pool takes any number of requests, and lines them up inside, without a bound.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { failOnStatus, toFetchHandler } from "@sluice/http";
import { undiciService } from "@sluice/http/undici";
import { timeout } from "@sluice/timeout";
import { mapRequest } from "@sluice/util";
import { serve } from "srvx";

// ── The other side ───────────────────────────────────────────────────────────────────────────────────────────────────

const asked = { now: 0, most: 0 };
const users = createServer((request, response) => {
  asked.most = Math.max(asked.most, ++asked.now);
  response.once("close", () => asked.now--);
  if (request.url === "/broken") response.writeHead(500).end("a stack trace that is nobody's business");
  else if (request.url === "/endless") response.write("an answer that does not end");
  else void sleep(100).then(() => response.end(`user ${request.url}`));
});
users.listen(0, "127.0.0.1");
await once(users, "listening");

// ── The server ───────────────────────────────────────────────────────────────────────────────────────────────────────

const pool = undiciService({ origin: `http://127.0.0.1:${(users.address() as AddressInfo).port}`, connections: 3 });
const proxy = toFetchHandler(
  new ServiceBuilder()
    .layer(buffer({ capacity: 3 }))
    .layer(timeout(10_000))
    .layer(mapRequest(({ url, signal }: Request) => ({ url: new URL(url).pathname, signal })))
    .layer(failOnStatus()) // a failing status is a failure, and its body is read off: its connection is free again
    .service(pool.service),
);
const server = serve({ fetch: proxy, port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
await server.ready();
const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init);

// ── Ten at once ──────────────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(
  Array.from({ length: 10 }, async (_, n) => {
    const response = await get(`/${n}`);
    return { status: response.status, text: await response.text() };
  }),
);
const served = answers.filter(({ status, text }) => status === 200 && text.startsWith("user /"));
const refused = answers.filter(({ status }) => status === 503);
console.log(
  `Ten at once: ${served.length} served over ${asked.most} connections, ${refused.length} refused; ` +
    `${pool.pool.stats.queued} wait inside the pool.`,
);
assert.ok(served.length >= 6 && served.length + refused.length === 10);
assert.deepEqual([asked.most, pool.pool.stats.queued], [3, 0]);

// ── Ends of an exchange ──────────────────────────────────────────────────────────────────────────────────────────────

const broken = await get("/broken");
console.log(`A failure of the other side: ${broken.status}, and nothing of what it said.`);
assert.equal(broken.status, 502);
assert.doesNotMatch(await broken.text(), /stack trace/);
while (pool.active > 0) await sleep(1);

// The head is out, the body goes on: the connection is not free. Then the client leaves.
const leaving = new AbortController();
const endless = await get("/endless", { signal: leaving.signal });
assert.deepEqual([endless.status, pool.active], [200, 1]);
leaving.abort();
while (pool.active > 0 || asked.now > 0) await sleep(1);
console.log("A client left in the middle of a body: the connection was given up, and its permit is back.");
assert.equal(await (await get("/last")).text(), "user /last");

await server.close(true);
await pool.pool.close();
users.close();
users.closeAllConnections();
assert.deepEqual([pool.active, pool.waiting], [0, 0]);
