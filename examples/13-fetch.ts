// A client that holds
//
// Real `fetch`, against a real server that is having a bad minute: it answers every third request with a 503 and a
// `Retry-After`, is slow now and then, and refuses nothing by itself, however much is asked of it at once. Around `fetch`
// stand the layers that most clients want, the outermost first:
//
//   loadShed                no room below: reject immediately, with the name of the layer that was full
//   timeout(10_000)         for all attempts together
//   retry                   idempotent requests, after a 503 or a failure; as long as the server asks, with a budget
//   concurrencyLimit(8)     attempts at a time
//   timeout(500)            for one attempt
//   failOnStatus            a 503 is a failure, whose body is read off before anybody tries again
//   fetchService            fetch
//
// Here they are stacked by hand, to see what is in there; `httpClient` does it by name (34-http-client.ts).
//
// The failure it prevents: the client that makes a slow server slower. Without a limit it asks for everything at once,
// without a budget it asks again for all that failed, and without a time-out for an attempt it waits for the slowest.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { events, ServiceBuilder } from "@sluice/core";
import { failOnStatus, fetchService, retryIdempotent, toFetch } from "@sluice/http";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";

// ── The server ───────────────────────────────────────────────────────────────────────────────────────────────────────

let asked = 0;
let atOnce = 0;
let most = 0;
const server = createServer((request, response) => {
  const nth = ++asked;
  most = Math.max(most, ++atOnce);
  response.once("close", () => atOnce--);
  setTimeout(
    () => {
      if (nth % 3 === 0) response.writeHead(503, { "retry-after": "0" });
      response.end(request.url);
    },
    nth % 10 === 0 ? 800 : 10,
  );
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// ── The client ───────────────────────────────────────────────────────────────────────────────────────────────────────

const limit = concurrencyLimit(8);
const again = retry(
  retryPolicy({
    // What is tried again, which requests may be sent twice, `Retry-After` in seconds or as a date, and bodies.
    ...retryIdempotent,
    maxRetries: 4,
    backoff: exponentialBackoff({ base: 20, max: 200 }),
    budget: retryBudget({ ttl: 10_000, minPerSecond: 10, ratio: 1 }),
  }),
);
const client = new ServiceBuilder()
  .layer(loadShed({ retryAfter: 1_000 }))
  .layer(timeout(10_000))
  .layer(again)
  .layer(limit)
  .layer(timeout(500))
  .layer(failOnStatus())
  .service(fetchService());

// To be called as `fetch` is: a 503 that is left when the retries are over is a response again.
const ask = toFetch(client);

// What the layers do can be heard of, without touching the stack.
const heard = new Map<string, number>();
const subscription = events.subscribe(({ type }) => heard.set(type, (heard.get(type) ?? 0) + 1));

// ── One after the other, and all at once ─────────────────────────────────────────────────────────────────────────────

const get = (path: string) => ask(`${base}${path}`);
const bodies: string[] = [];
for (let n = 0; n < 6; n++) bodies.push(await (await get(`/${n}`)).text());
assert.deepEqual(bodies, ["/0", "/1", "/2", "/3", "/4", "/5"]);
console.log(`Six in a row took ${asked} requests: ${again.retries} were tried again, and the caller saw none of it.`);

const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => get(`/burst/${n}`)));
const answered = outcomes.filter(({ status }) => status === "fulfilled").length;
const refused = outcomes.filter((outcome) => outcome.status === "rejected" && isOverloadedError(outcome.reason)).length;
console.log(
  `Thirty at once: ${answered} answered, ${refused} refused immediately; never more than ${most} at the server.`,
);
assert.ok(most <= 8);
assert.equal(refused, 22);
assert.equal(answered, 8);

// A POST may not be sent twice: its 503 is the answer. (Until every third request is the next one.)
for (let left = (5 - (asked % 3)) % 3; left > 0; left--) await fetch(base);
const before = asked;
const answer = await ask(base, { method: "POST", body: "once" });
assert.deepEqual([answer.status, asked - before], [503, 1]);
console.log(`A POST was answered with ${answer.status}, and sent once.`);

// Nothing is held, and nothing waits.
assert.deepEqual([limit.active, limit.waiting, again.waiting], [0, 0, 0]);
console.log("Heard of meanwhile:", Object.fromEntries(heard));
assert.ok((heard.get("retry") ?? 0) > 0 && heard.get("shed") === 22);
subscription[Symbol.dispose]();
server.close();
server.closeAllConnections();
