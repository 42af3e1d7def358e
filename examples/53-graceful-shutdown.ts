// A deployment that loses nothing
//
// Two servers behind a load balancer, and ten clients that ask one request after another. The servers are replaced, as a deployment does it:
// a new one is started, and an old one is sent SIGTERM. That is done once to servers that know nothing of it, and once to servers that
//
//   1. say on /readyz that they want no more, and still serve what comes: the balancer needs a moment to notice;
//   2. let nobody new in after that moment, answer what they have begun, and close their connections: `drain`;
//   3. end, in time.
//
// The failure it prevents: each deployment answers some requests with 502, and nobody knows whether their work was done.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, request as send, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { isReady } from "@sluice/http";
import { drain, guard, harden, serverOptions } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";

// ── A server: a process of its own, which runs this file ─────────────────────────────────────────────────────────────

async function server(careful: boolean): Promise<void> {
  const queue = buffer({ capacity: 100 });
  const reports = guard(new ServiceBuilder().layer(queue).layer(concurrencyLimit(8)).layer(timeout(10_000)));
  let served = 0;
  const makeReport = reports.handle(async (request, response, { signal }) => {
    await sleep(100, undefined, { signal });
    served++;
    response.end(`report ${request.url}`);
  });

  // Ready is who would let the next request in, and is not about to go.
  let leaving = false;
  const probe = new ServiceBuilder().layer(queue).serviceFn(async () => undefined);
  const http = createServer(serverOptions(), (request, response) => {
    if (request.url === "/readyz") response.writeHead(!leaving && isReady(probe) ? 200 : 503).end();
    else makeReport(request, response);
  });
  harden(http);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  process.once("disconnect", () => process.exit()); // the balancer has ended
  process.send?.({ port: (http.address() as AddressInfo).port });

  // Without a listener the signal ends the process there and then.
  if (!careful) return;
  process.once("SIGTERM", () => {
    leaving = true;
    // `linger` is longer than the balancer takes to notice, and both together less than the platform waits before it kills.
    void drain(http, { linger: 2_000, within: 10_000 }).then(({ forced }) => {
      process.send?.({ served, forced }, () => process.exit());
    });
  });
}

// ── A load balancer ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Backend {
  readonly process: ChildProcess;
  readonly port: number;
  /** When it said last that it is ready. */
  readyAt: number;
  /** Called when a request was handed to it. */
  given?: (() => void) | undefined;
}

const backends = new Set<Backend>();

async function start(kind: "careful" | "careless"): Promise<Backend> {
  const process = fork(import.meta.filename, [kind]);
  const [{ port }] = (await once(process, "message")) as [{ readonly port: number }];
  const backend: Backend = { process, port, readyAt: Number.NEGATIVE_INFINITY };
  backends.add(backend);
  process.once("exit", () => backends.delete(backend));
  void watch(backend);
  return backend;
}

/** Asks again and again whether it is ready, as long as it lives. */
async function watch(backend: Backend): Promise<void> {
  while (backends.has(backend)) {
    const asked = performance.now();
    const { ok } = await fetch(`http://127.0.0.1:${backend.port}/readyz`).catch(() => ({ ok: false }));
    backend.readyAt = ok ? asked : Number.NEGATIVE_INFINITY;
    await sleep(50);
  }
}

/** The next one that was ready a moment ago; where there is none, the request waits for one. */
let turn = 0;
async function next(): Promise<Backend> {
  for (;;) {
    const ready = [...backends].filter(({ readyAt }) => performance.now() - readyAt < 500);
    const backend = ready[turn++ % ready.length];
    if (backend !== undefined) return backend;
    await sleep(10);
  }
}

const agent = new Agent({ keepAlive: true });
const balancer = createServer((request, response) => void forward(request.url, response));

async function forward(path: string | undefined, response: ServerResponse): Promise<void> {
  const backend = await next();
  // It sends nothing twice: it cannot know what is done already.
  const onward = send({ host: "127.0.0.1", port: backend.port, path, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502);
    pipeline(answer, response, () => {});
  });
  onward.once("error", () => response.writeHead(502).end("lost"));
  onward.end();
  backend.given?.();
}

// ── Clients, who ask one request after another ───────────────────────────────────────────────────────────────────────

interface Told {
  served: number;
  lost: number;
}

function clients(url: string): { end(): Promise<Told> } {
  const told: Told = { served: 0, lost: 0 };
  const until = new AbortController();
  const all = Array.from({ length: 10 }, async (_, client) => {
    for (let n = 0; !until.signal.aborted; n++) {
      const path = `/${client}-${n}`;
      const response = await fetch(url + path, { signal: AbortSignal.timeout(30_000) });
      const text = await response.text();
      if (response.status === 200 && text === `report ${path}`) told.served++;
      else told.lost++;
    }
  });
  return {
    async end() {
      until.abort();
      await Promise.all(all);
      return told;
    },
  };
}

// ── Two deployments ──────────────────────────────────────────────────────────────────────────────────────────────────

async function main(): Promise<void> {
  balancer.listen(0, "127.0.0.1");
  await once(balancer, "listening");
  const url = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;

  try {
    // Servers that know nothing of a deployment. The signal comes when a request is under way, as it does under load.
    const careless = await start("careless");
    await start("careless");
    const asked = clients(url);
    await new Promise<void>((resolve) => {
      careless.given = () => {
        careless.given = undefined;
        careless.process.kill("SIGTERM");
        resolve();
      };
    });
    await once(careless.process, "exit");
    const unguarded = await asked.end();
    console.log(`A server that is just ended: ${unguarded.lost} requests were lost.`);
    assert.ok(unguarded.lost > 0);
    for (const { process } of backends) {
      process.kill();
      await once(process, "exit");
    }

    // Servers that drain. Both are replaced while the clients go on.
    const old = [await start("careful"), await start("careful")];
    const asking = clients(url);
    const counts = await Promise.all(
      old.map(async ({ process }) => {
        await start("careful"); // its successor
        return terminated(process);
      }),
    );
    const rolled = await asking.end();
    counts.push(...(await Promise.all([...backends].map(({ process }) => terminated(process)))));
    const accounted = counts.reduce((sum, count) => sum + count);
    console.log(`Two servers that drain, replaced under load: ${rolled.served} requests served, ${rolled.lost} lost.`);
    console.log(`The servers count ${accounted}: each was served once.`);
    assert.equal(rolled.lost, 0);
    assert.equal(accounted, rolled.served);
  } finally {
    for (const { process } of backends) process.kill("SIGKILL");
    balancer.close();
    balancer.closeAllConnections();
    agent.destroy();
  }
}

/** Ends a server as a deployment does, and says how many requests it has served. */
async function terminated(process: ChildProcess): Promise<number> {
  const [message, exit] = [once(process, "message"), once(process, "exit")];
  process.kill("SIGTERM");
  const [{ served, forced }] = (await message) as [{ readonly served: number; readonly forced: boolean }];
  assert.equal(forced, false);
  await exit;
  return served;
}

const role = process.argv[2];
await (role === undefined ? main() : server(role === "careful"));
