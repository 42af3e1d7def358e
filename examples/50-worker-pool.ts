// A pool of worker threads behind an endpoint
//
// A server computes hashes, each in a thread of Piscina. The stack knows the threads: a permit is a thread that is free.
//
//   buffer(4)              four may wait for a thread
//   gate(workers)          a permit for each thread
//   timeout(20_000)        then the thread is stopped: what computes cannot be asked to stop
//
// The failure it prevents: a pool takes whatever it is given, and lines it up without a bound; and it goes on computing for clients that left.
//
// (03-shed-before-cpu-work.ts is the same without a server.)

import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";
import { buffer } from "@sluice/buffer";
import { gate, Semaphore, ServiceBuilder } from "@sluice/core";
import { drain, guard, harden, serverOptions } from "@sluice/http/node";
import { timeout } from "@sluice/timeout";
import { Piscina } from "piscina";

// ── In the workers, which load this file, too ────────────────────────────────────────────────────────────────────────

export function hash(password: string): string {
  if (password === "endless") {
    for (;;); // a bug, or an input that somebody has chosen well
  }
  return scryptSync(password, "salt", 32, { N: 2 ** 14 }).toString("hex");
}

// ── In the main thread ───────────────────────────────────────────────────────────────────────────────────────────────

if (isMainThread) await main();

async function main(): Promise<void> {
  const pool = new Piscina({ filename: import.meta.filename, name: "hash", minThreads: 2, maxThreads: 2 });
  const queue = buffer({ capacity: 4 });
  const workers = new Semaphore(pool.maxThreads);
  const hashes = guard(
    new ServiceBuilder()
      .layer(queue)
      .layer(gate(workers, { name: "workers" }))
      .layer(timeout(20_000)),
  );

  const inPool = { most: 0 };
  const hashIt = hashes.handle(async (request, response, { signal }) => {
    const digest = pool.run(request.url?.slice(1), { signal: signal ?? null });
    inPool.most = Math.max(inPool.most, pool.queueSize);
    response.end(await digest);
  });
  const server = createServer(serverOptions(), (request, response) => {
    if (request.url === "/livez") response.end("alive");
    else hashIt(request, response);
  });
  harden(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });

  try {
    // Twenty at once. The threads compute, and the server's own goes on answering.
    const asked = Array.from({ length: 20 }, (_, n) => get(`/password-${n}`));
    assert.equal(await (await get("/livez")).text(), "alive");
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    const [served, refused] = [200, 503].map((code) => statuses.filter((status) => status === code).length);
    console.log(
      `Twenty at once: ${served} hashes by ${pool.threads.length} threads, ${refused} refused; ${inPool.most} ever waited inside the pool.`,
    );
    assert.ok(served !== undefined && refused !== undefined && served >= 6 && served + refused === 20);
    assert.equal(inPool.most, 0);

    // One that does not end: its thread is stopped, and another one started. (This client does not wait for 20 s.)
    const late = await get("/endless", { "x-timeout-ms": "300" });
    while (workers.active > 0) await sleep(1);
    console.log(`One that never ends: ${late.status}, and its thread is free for somebody else.`);
    assert.equal(late.status, 504);

    // One whose client leaves: nobody computes for it any more.
    const client = connect(port, "127.0.0.1");
    client.write("GET /endless HTTP/1.1\r\nhost: here\r\n\r\n");
    while (workers.active === 0) await sleep(1);
    client.destroy();
    while (workers.active > 0) await sleep(1);
    console.log("A client left: so did its work.");
    assert.equal(await (await get("/one")).text(), hash("one"));
  } finally {
    assert.deepEqual(await drain(server, { within: 5_000 }), { forced: false });
    await pool.destroy();
  }
  assert.deepEqual([workers.active, queue.queued], [0, 0]);
}
