// A plain server that holds
//
// `node:http` takes what comes: a client may take 300 s for a body, and for ever to read an answer; an upload of any length is read to its
// end, though it was refused before its first byte. `serverOptions` and `harden` bound that, and `guard` the rest.
//
// The failure it prevents: a few slow clients, on purpose or from a train, that hold all there is.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBuilder } from "@sluice/core";
import { drain, guard, harden, serverOptions } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";

// Times that are much too short for the internet, so that this program ends soon.
const limit = concurrencyLimit(3);
const uploads = guard(new ServiceBuilder().layer(limit));
const server = createServer(
  serverOptions({ headersTimeout: 300, requestTimeout: 2_000 }),
  uploads.handle(async (request, response) => {
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    response.end(`${size} bytes\n`);
  }),
);
const counters = harden(server, { sendTimeout: 1_000 });
let received = 0;
server.on("connection", (socket: Socket) => socket.once("close", () => (received = socket.bytesRead)));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

/** A client by hand: what it is sent until the connection closes. */
async function raw(head: string, more?: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let heard = "";
  socket.setEncoding("latin1").on("data", (text) => (heard += text));
  socket.on("error", () => {});
  socket.write(head);
  more?.(socket);
  await new Promise((resolve) => socket.once("close", resolve));
  return heard;
}

// ── Bodies that never end, on all permits ────────────────────────────────────────────────────────────────────────────

const slow = ["a", "b", "c"].map((host) =>
  raw(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000000\r\n\r\nab`),
);
while (limit.active < 3) await sleep(1);

// ── An upload of 400 MB, while it is full ────────────────────────────────────────────────────────────────────────────

const heard = await raw("POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 400000000\r\n\r\n", (socket) => {
  const chunk = Buffer.alloc(65_536);
  const pour = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {
      // Until the operating system takes no more.
    }
  };
  socket.on("drain", pour);
  pour();
});
console.log(`An upload of 400 MB heard "${heard.split("\r\n")[0]}"; less than 1 MB of it was read.`);
assert.match(heard, /^HTTP\/1\.1 503/);
assert.ok(received < 1_000_000);

// ── One that asks before it sends ────────────────────────────────────────────────────────────────────────────────────

const asked = await raw("POST / HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 400000000\r\n\r\n");
console.log(`One that asked first heard "${asked.split("\r\n")[0]}", and was not invited to send.`);
assert.doesNotMatch(asked, /100 Continue/);

// ── The slow ones are gone ───────────────────────────────────────────────────────────────────────────────────────────

await Promise.all(slow);
while (limit.active > 0) await sleep(1);
const fine = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "hello" });
console.log(`The slow ones are gone, and the permits are back. The next heard: ${(await fine.text()).trim()}.`);

await drain(server);
console.log("Counted:", JSON.stringify(counters));
assert.equal(counters.connections, 0);
