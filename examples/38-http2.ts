// A stack in front of node:http2
//
// On HTTP/2 one connection carries all requests of a client, a hundred at a time. A proxy or a bound for connections counts one. The stack
// counts requests.
//
// The failure it prevents: a server that takes a few connections, as it should, and begins a thousand requests.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, createServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { drain, guard, harden } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

const queue = buffer({ capacity: 4 });
const limit = concurrencyLimit(4);
const reports = guard(new ServiceBuilder().layer(queue).layer(limit).layer(timeout(10_000)));
const making = { now: 0, most: 0 };

const server = createServer(
  reports.handle(async (request: Http2ServerRequest, response: Http2ServerResponse, { signal }) => {
    making.most = Math.max(making.most, ++making.now);
    try {
      await sleep(request.url === "/endless" ? 60_000 : 100, undefined, { signal });
      response.end(`report ${request.url}`);
    } finally {
      making.now--;
    }
  }),
);
const sockets = harden(server);
server.listen(0, "127.0.0.1");
await once(server, "listening");

// ── A client: one connection ─────────────────────────────────────────────────────────────────────────────────────────

const session: ClientHttp2Session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

async function get(path: string, headers = {}): Promise<{ readonly status: number; readonly text: string }> {
  const stream = session.request({ ":path": path, ...headers });
  const [head] = (await once(stream, "response")) as [{ readonly ":status": number }];
  stream.setEncoding("utf8");
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return { status: head[":status"], text };
}

// ── A hundred at once ────────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => get(`/${n}`)));
const served = answers.filter(({ status }) => status === 200);
const refused = answers.filter(({ status }) => status === 503);
console.log(
  `A hundred requests on ${sockets.connections} connection: ${served.length} served, never more than ${making.most} at once; ${refused.length} refused.`,
);
assert.equal(sockets.connections, 1);
assert.equal(making.most, 4);
// Whoever comes when one of the first has ended finds a place, so it is not always eight.
assert.ok(served.length >= 8 && served.length + refused.length === 100);

// ── A stream that its client cancels ─────────────────────────────────────────────────────────────────────────────────

// The connection stays: nothing about it says that this request is of no interest any more.
const cancelled = session.request({ ":path": "/endless" });
cancelled.on("error", () => {});
while (making.now === 0) await sleep(1);
cancelled.close(constants.NGHTTP2_CANCEL);
while (making.now > 0 || limit.active > 0) await sleep(1);
console.log("A stream was cancelled: its work ended, and its permit is back.");
assert.equal((await get("/endless", { "x-timeout-ms": "200" })).status, 504);
assert.equal((await get("/after")).text, "report /after");

// ── And the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

const last = get("/last");
while (making.now === 0) await sleep(1);
const drained = drain(server, { within: 5_000 }); // says GOAWAY: what has begun goes on, and nothing new begins
assert.equal((await last).text, "report /last");
assert.deepEqual(await drained, { forced: false });
assert.deepEqual([limit.active, queue.queued], [0, 0]);
console.log("Drained: the last stream was answered, and the session is closed.");
