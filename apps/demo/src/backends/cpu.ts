// Hashes in worker threads. One core is left for everybody else; two threads are enough to show the point.
import type { ServerResponse } from "node:http";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { reply, runBackend } from "./backend.ts";
import { hashThreads } from "./hash-threads.ts";

interface Job {
  readonly id: string;
  readonly response: ServerResponse;
}

const queue: Job[] = [];
const threads = hashThreads(availableParallelism());
const idle: Worker[] = Array.from(
  { length: threads },
  () => new Worker(new URL("hash-worker.ts", import.meta.url), { execArgv: [] }),
);

function start(worker: Worker, { id, response }: Job): void {
  worker.once("message", (digest: string) => {
    const next = queue.shift();
    if (next === undefined) idle.push(worker);
    else start(worker, next);
    reply(response, 200, { id, digest });
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads of one process have no origin
  worker.postMessage(id);
}

runBackend({
  answer(id, response) {
    const worker = idle.pop();
    if (worker === undefined) queue.push({ id, response });
    else start(worker, { id, response });
  },
  load: () => ({ active: threads - idle.length, queued: queue.length }),
});
