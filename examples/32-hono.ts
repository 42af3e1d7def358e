// A stack in front of Hono
//
// A server streams exports, and its database bears two at once. A limit that counts handlers would count none of them: a handler is over when
// its stream has been made. Behind `guard` a call lasts until the response has left.
//
// The failure it prevents: a limit of two, and twenty streams that read from the database.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import { ServiceBuilder } from "@sluice/core";
import { guard } from "@sluice/http/hono";
import { drain, harden } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { Hono } from "hono";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

const limit = concurrencyLimit(2);
const exports = guard(new ServiceBuilder().layer(limit));
const streams = { open: 0 };

/** Rows, one every 20 ms, until there are ten or nobody reads any more. */
function rows(): ReadableStream<Uint8Array> {
  streams.open++;
  let row = 0;
  return new ReadableStream({
    async pull(controller) {
      await sleep(20);
      controller.enqueue(new TextEncoder().encode(`row ${++row}\n`));
      if (row === 10) {
        streams.open--;
        controller.close();
      }
    },
    cancel() {
      streams.open--;
    },
  });
}

const app = new Hono();
app.get("/export", exports, () => new Response(rows()));

const server = createAdaptorServer({ fetch: app.fetch }) as Server;
harden(server);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}/export`;

// ── Five at once ─────────────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url)));
console.log(
  `Five at once: ${answers.filter(({ ok }) => ok).length} answered; ${streams.open} streams, ${limit.active} permits.`,
);
assert.deepEqual([streams.open, limit.active], [2, 2]);
const bodies = await Promise.all(answers.map((response) => response.text()));
assert.equal(bodies.filter((body) => body.endsWith("row 10\n")).length, 2);
while (limit.active > 0) await sleep(1);

// ── One whose client leaves in the middle ────────────────────────────────────────────────────────────────────────────

const client = connect(port, "127.0.0.1");
client.write("GET /export HTTP/1.1\r\nhost: here\r\n\r\n");
await once(client, "data");
assert.deepEqual([streams.open, limit.active], [1, 1]);
client.destroy();
while (limit.active > 0 || streams.open > 0) await sleep(1);
console.log("A client left in the middle: its stream is given up, and its permit is back.");

await drain(server);
