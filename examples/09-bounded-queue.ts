// A bounded queue that refuses
//
// A server makes reports: two at a time, some 2 s each, and three more may wait. Whoever comes then is told so there and
// then, with a time to come back at. At the door of the server there is one question, `tryReady`, and three answers:
//
//   a permit             the request goes in; it runs, or waits in one of the three places
//   no, you are too fast 429, for this client alone has used up its quota
//   no, we are full      503, whoever asks
//
// The failure it prevents: the queue without an end. A server takes every request that it can read, and what it cannot
// do yet waits in memory. Under more load than it can bear the queue only grows: every answer comes later than the one
// before, until they all come after their callers have left; and at last the memory is gone, and the process with it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { buffer, isBufferClosedError } from "@sluice/buffer";
import { gate, ServiceBuilder, takeRefusal } from "@sluice/core";
import { concurrencyLimit, TokenBucket } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// ── The service ──────────────────────────────────────────────────────────────────────────────────────────────────────

// In this story reports are done when the story says so, that we may look around while some are being made.
let finish!: () => void;
let finished!: Promise<void>;
function begin(): void {
  finished = new Promise((resolve) => (finish = resolve));
}
begin();

const queue = buffer({ capacity: 3 });
const desks = concurrencyLimit(2);
const reports = new ServiceBuilder()
  .layer(queue) // three may wait
  .layer(desks) // two are being made
  .serviceFn(async (path: string) => {
    await finished;
    return `the report on ${path}`;
  });

// Each client has a quota of its own, three reports and one more every 3 s, and in front of the same queue: a layer's
// value owns its state, and `reports` is one service however many stand in front of it. (A real server would also forget
// clients.)
const clock = new VirtualClock();
function makeClient() {
  const quota = new TokenBucket({ limit: 3, interval: 9_000, clock });
  return {
    quota,
    reports: new ServiceBuilder().layer(gate(quota, { name: "quota" })).service(reports),
  };
}
const clients = new Map<string, ReturnType<typeof makeClient>>();

// ── The door ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = "/", headers } = request;
  const name = String(headers["x-client"]);
  let client = clients.get(name);
  if (client === undefined) clients.set(name, (client = makeClient()));

  try {
    // Now or not at all. Nothing was done for the request yet, and nothing will be before there is a permit.
    using permit = client.reports.tryReady(url);
    if (permit === undefined) {
      // Who was it? The quota knows in how many milliseconds it will have room; a queue cannot know, but we can tell.
      const refusal = takeRefusal();
      if (refusal?.reason === "rate") refuse(response, 429, refusal.retryAfter ?? 1_000);
      else refuse(response, 503, (queue.queued / desks.max) * 2_000); // by then those who wait now have begun
      return;
    }

    // A client that hangs up leaves the queue at once: its place is for somebody who still wants an answer.
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.end(await permit.call(url, { signal: gone.signal }));
  } catch (error) {
    if (isBufferClosedError(error)) refuse(response, 503, 10_000); // closing: another one will be up by then
    else if (!response.destroyed) response.writeHead(500).end();
  }
}

function refuse(response: ServerResponse, status: 429 | 503, ms: number): void {
  response.writeHead(status, { "retry-after": `${Math.ceil(ms / 1_000)}` }).end(); // in whole seconds
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

// ── The clients ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Asked {
  readonly name: string;
  /** What became of it. */
  readonly end: Promise<string>;
  hangUp(): void;
}

// Sends a request, and returns when the server has decided about it.
async function ask(name: string): Promise<Asked> {
  const patience = new AbortController();
  const decided = once(server, "request");
  const end = fetch(`http://127.0.0.1:${port}/sales`, { headers: { "x-client": name }, signal: patience.signal })
    .then(async (response) => {
      const text = await response.text();
      const after = response.headers.get("retry-after");
      return after === null ? `${response.status} ${text}` : `${response.status}, Retry-After: ${after}`;
    })
    .catch((error: unknown) => {
      if (patience.signal.aborted) return "hung up";
      throw error;
    });
  await decided;
  return { name, end, hangUp: () => patience.abort() };
}

function show(name: string, what: string): void {
  console.log(`  ${name.padEnd(7)}${what.padEnd(31)}${desks.active} being made, ${queue.queued} waiting`);
}

// ── Eight at once ────────────────────────────────────────────────────────────────────────────────────────────────────

console.log("eight clients at once");
const inside: Asked[] = [];
for (const name of ["ann", "bob", "cat", "dan", "eve"]) {
  inside.push(await ask(name));
  show(name, "is let in");
}
assert.deepEqual([desks.active, queue.queued], [2, 3]);
for (const name of ["fay", "gil", "hal"]) {
  const { end } = await ask(name);
  show(name, await end);
  assert.equal(await end, "503, Retry-After: 3");
  // All or nothing: who was refused by the queue has lost nothing of the quota.
  assert.equal(clients.get(name)?.quota.available, 3);
}
assert.deepEqual([desks.active, queue.queued], [2, 3], "and left nothing behind");

// Eve waits, and hangs up. Her place is free again, before any report is done.
inside.at(-1)!.hangUp();
while (queue.queued === 3) await turn(); // until the server has heard of it
show("eve", "hangs up");
inside.push(await ask("ivy"));
show("ivy", "is let in");
assert.deepEqual([desks.active, queue.queued], [2, 3]);

finish();
for (const { name, end } of inside) {
  show(name, await end);
  assert.equal(await end, name === "eve" ? "hung up" : "200 the report on /sales");
}
assert.deepEqual([desks.active, queue.queued], [0, 0]);

// ── One in a hurry ───────────────────────────────────────────────────────────────────────────────────────────────────

// Reports are done at once now, and there is room enough. Joe has used up his quota all the same; kim has hers.
console.log("one client in a hurry");
const ends: string[] = [];
for (const name of ["joe", "joe", "joe", "joe", "kim"]) {
  const { end } = await ask(name);
  ends.push((await end).slice(0, 3));
  show(name, await end);
}
assert.deepEqual(ends, ["200", "200", "200", "429", "200"]);
await clock.advance(3_000); // which is what he was told
const patient = await ask("joe");
show("joe", await patient.end);
assert.equal(await patient.end, "200 the report on /sales");

// ── Closing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// What was let in is answered; what comes now is refused. Then the process may go.
console.log("closing");
begin();
const last = await ask("lea");
show("lea", "is let in");
const drained = queue.drain();
const late = await ask("mia");
show("mia", await late.end);
assert.equal(await late.end, "503, Retry-After: 10");
finish();
await drained;
show("lea", await last.end);
assert.equal(await last.end, "200 the report on /sales");
server.close();
await once(server, "close");

console.log("never more than two being made and three waiting; everybody else was told at once");
