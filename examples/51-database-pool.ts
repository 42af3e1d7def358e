// A pool of five connections to a database, behind an endpoint
//
// The pool is pg's, the database is Postgres: PGlite, which is Postgres in WebAssembly, in a thread of its own; or the one that DATABASE_URL
// names. Each request of the server makes one query.
//
// First without a stack, thirty at once. Then with one that knows the pool:
//
//   buffer(10)             ten may wait for a connection: ten times a query is how long the last one waits
//   concurrencyLimit(5)    as many as the pool has connections, so that nobody waits inside the pool
//   timeout(20_000)        an answer that is later than this is of no use
//
// The failure it prevents: the pool lines up whoever comes, without a bound and, as it comes, without a time-out. The clients give up and try
// again, and their queries are still made.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { drain, guard, harden, serverOptions } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { Pool } from "pg";

if (isMainThread) await main();
else await database();

// ── The database, where DATABASE_URL names none: a thread that loads this file, too ──────────────────────────────────

async function database(): Promise<void> {
  const server = new PGLiteSocketServer({ db: await PGlite.create(), port: 0, host: "127.0.0.1", maxConnections: 10 });
  await server.start();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(server.getServerConn());
}

// ── The server ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function main(): Promise<void> {
  const { DATABASE_URL } = process.env;
  const worker = DATABASE_URL === undefined ? new Worker(import.meta.filename) : undefined;
  const address = worker && `postgres://postgres@${((await once(worker, "message")) as [string])[0]}/postgres`;
  const pool = new Pool({ connectionString: DATABASE_URL ?? address, max: 5, idleTimeoutMillis: 0 });

  // A handler that takes two connections at a time needs a limit of half as many: five that hold one each would wait for ever.
  const queue = buffer({ capacity: 10 });
  const connections = concurrencyLimit(5);
  const guarded = guard(new ServiceBuilder().layer(queue).layer(connections).layer(timeout(20_000)));

  // How many waited inside the pool at most, where nobody sees them.
  let waited = 0;
  async function report(): Promise<string> {
    const result = pool.query<{ answer: string }>("select 'report' as answer, pg_sleep(0.02)");
    // The pool hands out what is free a moment later.
    setImmediate(() => (waited = Math.max(waited, pool.waitingCount)));
    return (await result).rows[0]?.answer ?? "none";
  }
  const withStack = guarded.handle(async (_request, response) => response.end(await report()));
  const server = createServer(serverOptions(), (request, response) => {
    if (request.url === "/bare") void report().then((text) => response.end(text));
    else withStack(request, response);
  });
  harden(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const statuses = async (path: string, count: number) =>
    Promise.all(Array.from({ length: count }, async () => (await fetch(`http://127.0.0.1:${port}${path}`)).status));

  try {
    await statuses("/bare", 5); // all five connections are there
    waited = 0;
    await statuses("/bare", 30);
    console.log(`Thirty at once, without a stack: up to ${waited} waited inside the pool.`);
    assert.ok(waited > 10);

    waited = 0;
    const answers = await statuses("/guarded", 30);
    const [served, refused] = [200, 503].map((code) => answers.filter((status) => status === code).length);
    console.log(`With one: ${served} served, ${refused} refused at once; ${waited} waited inside the pool.`);
    assert.ok(served !== undefined && refused !== undefined && served >= 15 && served + refused === 30);
    assert.equal(waited, 0);

    // Clients that hang up. A query that has begun is made to its end (give Postgres a `statement_timeout`, too), and counts until then:
    // whoever comes next finds no connection that is not there. In the line nobody is left, for what waited has left with its client.
    const leaving = Array.from({ length: 15 }, () => connect(port, "127.0.0.1"));
    for (const client of leaving) client.write("GET /guarded HTTP/1.1\r\nhost: here\r\n\r\n");
    while (connections.active === 0) await sleep(1);
    for (const client of leaving) client.destroy();
    while (queue.queued > 0) await sleep(1);
    assert.ok((await statuses("/guarded", 5)).every((status) => status === 200));
    while (connections.active > 0) await sleep(1);
    console.log(`Fifteen clients hung up: the next five were served, and ${waited} waited inside the pool.`);
    assert.deepEqual([waited, pool.totalCount, pool.idleCount], [0, 5, 5]);
  } finally {
    assert.deepEqual(await drain(server, { within: 5_000 }), { forced: false });
    await pool.end();
    await worker?.terminate();
  }
  assert.deepEqual([connections.active, queue.queued], [0, 0]);
}
