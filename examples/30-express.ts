// A stack in front of Express
//
// A server makes reports: two at a time, for it has two cores, and two more may wait. Then ten people ask at once.
//
//   buffer(2)              two may wait, in order
//   concurrencyLimit(2)    two are being made
//   timeout(1_000)         for each of them
//
// `guard` puts the stack in front of one route. Who is let in is served; the others hear at once that the server is full, and when to come
// back. Other routes do not notice.
//
// The failure it prevents: `app.get` takes every request that arrives. Under more load than it can bear, all of them are begun, each is slower
// than the one before, and in the end every answer comes after its caller has left.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { drain, guard, harden, serverOptions } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import express, { type Request, type Response } from "express";
import express4, { type Request as Request4, type Response as Response4 } from "express-4";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

const queue = buffer({ capacity: 2 });
const limit = concurrencyLimit(2);
const reports = guard(new ServiceBuilder().layer(queue).layer(limit).layer(timeout(1_000)));

const making = { now: 0, most: 0 };
async function makeReport(id: string, signal: AbortSignal | undefined): Promise<string> {
  making.most = Math.max(making.most, ++making.now);
  try {
    // Some never end; they heed the signal, which aborts when the time is over, and when the client has left.
    await sleep(id === "endless" ? 60_000 : 300, undefined, { signal });
    return `report ${id}`;
  } finally {
    making.now--;
  }
}

const app = express();
app.get("/health", (_request, response) => void response.send("well"));
app.get(
  "/reports/:id",
  reports.handle(async (request: Request<{ id: string }>, response: Response, { signal }) => {
    response.send(await makeReport(request.params.id, signal));
  }),
);

// What node:http leaves open by default: time-outs for slow clients, a bound for connections, uploads that nobody reads.
const server = createServer(serverOptions(), app);
harden(server);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);

// ── Ten at once ──────────────────────────────────────────────────────────────────────────────────────────────────────

const begun = performance.now();
const answers = await Promise.all(
  Array.from({ length: 10 }, async (_, n) => {
    const response = await get(`/reports/${n}`);
    return {
      status: response.status,
      after: performance.now() - begun,
      retryAfter: response.headers.get("retry-after"),
    };
  }),
);
const served = answers.filter(({ status }) => status === 200);
const refused = answers.filter(({ status }) => status === 503);
console.log(
  `Ten at once: ${served.length} served, never more than ${making.most} being made; ${refused.length} refused, ` +
    `to come back in ${[...new Set(refused.map(({ retryAfter }) => retryAfter))].join(" or ")} s.`,
);
assert.deepEqual([served.length, refused.length, making.most], [4, 6, 2]);
assert.equal(await (await get("/health")).text(), "well");

// ── One that takes too long ──────────────────────────────────────────────────────────────────────────────────────────

const late = await get("/reports/endless");
console.log(`An endless report was answered with ${late.status}, and given up: ${making.now} are being made.`);
assert.equal(late.status, 504);

// ── One whose client leaves ──────────────────────────────────────────────────────────────────────────────────────────

const client = connect(port, "127.0.0.1");
client.write("GET /reports/endless HTTP/1.1\r\nhost: here\r\n\r\n");
while (making.now === 0) await sleep(1);
client.destroy();
while (making.now > 0) await sleep(1);
console.log("A client hung up, and its report is not being made any more.");

// ── And the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

const last = get("/reports/last");
while (making.now === 0) await sleep(1);
const { forced } = await drain(server, { within: 5_000 });
console.log(`Drained: the last one heard "${await (await last).text()}", and nothing had to be cut.`);
assert.equal(forced, false);
assert.deepEqual([limit.active, queue.queued], [0, 0]);

// ── The same in Express 4 ────────────────────────────────────────────────────────────────────────────────────────────

// Express 4 does nothing about a handler's promise that is rejected. Behind `handle` it is looked after, as in Express 5.
const app4 = express4();
app4.get(
  "/reports/:id",
  reports.handle(async (request: Request4<{ id: string }>, response: Response4, { signal }) => {
    if (request.params.id === "none") throw Object.assign(new Error("No such report"), { status: 404 });
    response.send(await makeReport(request.params.id, signal));
  }),
);
app4.use((error: { readonly status: number }, _request: Request4, response: Response4, _next: unknown) => {
  response.sendStatus(error.status);
});
const server4 = createServer(serverOptions(), app4);
harden(server4);
server4.listen(0, "127.0.0.1");
await once(server4, "listening");
const ask4 = (id: string) => fetch(`http://127.0.0.1:${(server4.address() as AddressInfo).port}/reports/${id}`);
const statuses = (await Promise.all(["1", "2", "3", "4", "5", "6"].map(ask4))).map(({ status }) => status);
const ok = statuses.filter((status) => status === 200).length;
assert.ok(ok >= 4 && statuses.every((status) => status === 200 || status === 503));
const [gone, endless] = [await ask4("none"), await ask4("endless")];
console.log(
  `Express 4: ${ok} of six served; one that failed, ${gone.status}; one that took too long, ${endless.status}.`,
);
assert.deepEqual([gone.status, endless.status], [404, 504]);
assert.deepEqual(await drain(server4), { forced: false });
assert.deepEqual([limit.active, queue.queued, making.now], [0, 0, 0]);
