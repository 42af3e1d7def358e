// Shed before CPU-bound work
//
// Five worker threads compute hashes. Ten requests arrive in the same instant. Five get a worker; the other five are
// refused there and then, before a single byte was hashed for them, and can ask another machine while it still helps.
//
// The failure it prevents: a thread pool takes whatever it is given, and lines up what it cannot do yet. Under more load
// than it can bear the line only grows; each answer comes later than the one before, until all of them come after their
// callers have given up, and every core is busy with work for nobody.

import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { isMainThread } from "node:worker_threads";
import { gate, Semaphore, ServiceBuilder } from "@sluice/core";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { Piscina } from "piscina";

// ── In the workers ───────────────────────────────────────────────────────────────────────────────────────────────────

// The work, some tens of milliseconds of nothing but computing. The workers load this file, too, and find it here.
export function hash(password: string): string {
  return scryptSync(password, "salt", 32, { N: 2 ** 14 }).toString("hex");
}

// ── In the main thread ───────────────────────────────────────────────────────────────────────────────────────────────

if (isMainThread) await main();

async function main(): Promise<void> {
  const pool = new Piscina({ filename: import.meta.filename, name: "hash", minThreads: 5, maxThreads: 5 });
  try {
    await shed(pool);
  } finally {
    await pool.destroy();
  }
}

async function shed(pool: Piscina<string, string>): Promise<void> {
  // The free workers are the service's readiness: one slot for each thread. (Why not ask the pool how many are idle? It
  // knows who is working, but not who has been promised a worker and is about to call.)
  const workers = new Semaphore(pool.maxThreads);
  const hashing = new ServiceBuilder()
    .layer(loadShed()) // who finds no worker free is refused, and does not wait
    .layer(gate(workers, { name: "workers" })) // who finds one has it until the hash is there
    .serviceFn((password: string, { signal }) => pool.run(password, { signal: signal ?? null }));

  // One for each thread, so that all of them are up before the clock runs.
  await Promise.all(Array.from({ length: 5 }, () => hashing.call("warm-up")));
  const before = pool.completed;

  // Ten at once. Each notes how it ended, and when.
  const began = performance.now();
  const ends = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const request = `request ${index + 1}`;
      const end = await hashing.call(request).then(
        (digest) => `${digest.slice(0, 8)}…`,
        (error: unknown) => {
          if (isOverloadedError(error)) return `refused by ${error.layer}`;
          throw error;
        },
      );
      assert.equal(pool.queueSize, 0, "nobody ever waits inside the pool");
      return { request, end, served: !end.startsWith("refused"), after: performance.now() - began };
    }),
  );
  for (const { request, end, after } of ends) {
    console.log(`${request.padEnd(12)}${end.padEnd(22)}${after.toFixed(1).padStart(7)} ms`);
  }

  const served = ends.filter((each) => each.served);
  const refused = ends.filter((each) => !each.served);
  assert.equal(served.length, 5);
  assert.equal(refused.length, 5);
  assert.ok(
    Math.max(...refused.map(({ after }) => after)) < Math.min(...served.map(({ after }) => after)),
    "all were refused before the first was served",
  );
  const hashes = pool.completed - before;
  assert.equal(hashes, 5, "and nothing was computed for those who were refused");
  console.log(`served ${served.length}, refused ${refused.length}; the pool did ${hashes} hashes`);

  // Afterwards all five workers are free again.
  assert.equal(workers.available, 5);
  assert.equal(await hashing.call("request 1"), hash("request 1"));
  console.log("a moment later the service is ready again");
}
