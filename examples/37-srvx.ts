// A stack behind fetch, on srvx
//
// A function from `Request` to `Response` runs on Node.js, Deno, Bun and Workers; on Node.js a small server such as srvx makes one of what
// arrives. Here it takes uploads, and streams exports.
//
//   limitBody(1 MB)        a body that is longer is 413, whether it says so or not
//   concurrencyLimit(2)    two at a time
//   untilBodyEnds          an export is at work until its body has left
//
// The failure it prevents: the handler is over when its stream was made, so a limit of two lets twenty streams read from the database.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBuilder } from "@sluice/core";
import { limitBody, toFetchHandler, untilBodyEnds } from "@sluice/http";
import { drain, harden, serverOptions } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { FastResponse, serve, type ServerRequest } from "srvx";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

const limit = concurrencyLimit(2);
const streams = { open: 0, most: 0 };

/** Rows, one every 20 ms, until there are ten or nobody reads any more. */
function rows(): ReadableStream<Uint8Array> {
  streams.most = Math.max(streams.most, ++streams.open);
  let row = 0;
  return new ReadableStream({
    async pull(controller) {
      await sleep(20);
      controller.enqueue(new TextEncoder().encode(`row ${++row}\n`));
      if (row < 10) return;
      streams.open--;
      controller.close();
    },
    cancel() {
      streams.open--;
    },
  });
}

/** When node's own response has closed: cheaper than to follow the body. */
const sent = (request: Request) => {
  const response = (request as ServerRequest).runtime?.node?.res as ServerResponse | undefined;
  return response === undefined ? undefined : once(response, "close");
};

const handler = toFetchHandler(
  new ServiceBuilder()
    .layer(limitBody(1_000_000))
    .layer(limit)
    .layer(untilBodyEnds({ sent }))
    .layer(timeout(10_000)) // until there is a response; the body may take longer
    .serviceFn(async (request: Request) => {
      if (request.method !== "POST") return new Response(rows());
      return new FastResponse(`${(await request.arrayBuffer()).byteLength} bytes`);
    }),
  { Response: FastResponse }, // what is refused is made of it, too
);

const app = serve({
  fetch: handler,
  port: 0,
  hostname: "127.0.0.1",
  silent: true,
  gracefulShutdown: false, // drain, below
  node: serverOptions(),
});
const server = app.node?.server as Server;
harden(server);
await app.ready();
const url = app.url as string;

// ── Five exports at once ─────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url)));
const bodies = await Promise.all(answers.map((response) => response.text()));
const whole = bodies.filter((body) => body.endsWith("row 10\n")).length;
const refused = answers.filter(({ status }) => status === 503).length;
console.log(`Five exports at once: ${whole} whole, never more than ${streams.most} streams; ${refused} refused.`);
assert.ok(whole >= 2 && whole + refused === 5);
assert.equal(streams.most, 2);
while (limit.active > 0) await sleep(1);

// ── Uploads ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const post = async (bytes: number): Promise<string> => {
  const response = await fetch(url, { method: "POST", body: new Uint8Array(bytes) });
  return `${response.status} ${response.status === 200 ? await response.text() : ""}`.trim();
};
console.log(`Uploads: ${await post(1_000_000)}; one byte more, ${await post(1_000_001)}.`);
assert.deepEqual([await post(1_000_000), await post(1_000_001)], ["200 1000000 bytes", "413"]);

// ── A client that leaves in the middle, and the end ──────────────────────────────────────────────────────────────────

const leaving = new AbortController();
await fetch(url, { signal: leaving.signal });
assert.deepEqual([streams.open, limit.active], [1, 1]);
leaving.abort();
while (streams.open > 0 || limit.active > 0) await sleep(1);
console.log("A client left in the middle: its stream is given up, and its permit is back.");

const last = await fetch(url);
const drained = drain(server, { within: 5_000 });
assert.match(await last.text(), /row 10\n$/);
assert.deepEqual(await drained, { forced: false });
assert.deepEqual([streams.open, limit.active], [0, 0]);
console.log("Drained: the last export was whole.");
