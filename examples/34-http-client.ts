// A client for a dependency that has a bad day
//
// A service calls another one, for users and for orders. The other side goes through four moments: all is well; it
// restarts, and resets connections; it is overloaded, answers 503 and says in how long to come back; and it hangs. The same
// ten calls are made in each, once with fetch alone and once with a client that has its layers:
//
//   total        a caller waits so long, for all attempts together and the wait in line
//   retry        what is safe to send twice, with jitter, as Retry-After says, within a budget
//   limit        so many attempts at once
//   attempt      so long for one attempt
//   propagate    the other side is told how much time is left
//
// The failure it prevents: every hiccup of a dependency becomes an error of yours, and when it hangs, so do you.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { httpClient, isStatusError, propagate, retryIdempotent } from "@sluice/http";
import { concurrencyLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { isTimeoutError, timeout } from "@sluice/timeout";

// ── The other side ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What becomes of a request: every second one of a bad moment goes wrong. */
const moments: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  "all is well": (response) => response.end("ok"),
  "it restarts": (response) => response.socket?.resetAndDestroy(),
  "it is overloaded": (response) => response.writeHead(503, { "retry-after": "0" }).end("later"),
  "it hangs": () => {},
};

let moment = "all is well";
let asked = 0;
const timesLeft: number[] = [];
const orders: string[] = [];
const server = createServer((request, response) => {
  const nth = ++asked;
  if (request.headers["x-timeout-ms"] !== undefined) timesLeft.push(Number(request.headers["x-timeout-ms"]));
  request.on("data", (chunk) => orders.push(String(chunk)));
  request.once("end", () => (nth % 2 === 0 ? moments[moment]?.(response) : response.end("ok")));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// ── The client ───────────────────────────────────────────────────────────────────────────────────────────────────────

// One for each service that is called. What counts is kept in a variable.
const limit = concurrencyLimit(4);
const again = retry(
  retryPolicy({
    ...retryIdempotent, // what fails may pass, the request may be sent twice, Retry-After, bodies
    maxRetries: 8, // for real: 2 or 3; here every second request goes wrong
    backoff: exponentialBackoff({ base: 5, max: 50 }), // for real: 100 and 10,000, the default
    budget: retryBudget({ minPerSecond: 100 }), // for real: 10, the default
  }),
);
const client = httpClient({
  total: timeout({ total: 2_000 }),
  retry: again,
  limit,
  attempt: timeout(100),
  propagate: propagate(),
});
console.log("The client:", client.describe().join(" > "));

// ── Ten calls in each moment ─────────────────────────────────────────────────────────────────────────────────────────

/** How many of ten calls were answered well. Nobody waits longer than the client would. */
async function served(fetchLike: typeof fetch): Promise<number> {
  asked = 0;
  const calls = Array.from({ length: 10 }, async (_, n) => {
    const response = await fetchLike(`${base}/users/${n}`, { signal: AbortSignal.timeout(2_000) });
    await response.text();
    return response.ok;
  });
  const outcomes = await Promise.allSettled(calls);
  return outcomes.filter((outcome) => outcome.status === "fulfilled" && outcome.value).length;
}

for (const each of Object.keys(moments)) {
  moment = each;
  const before = again.retries;
  const [alone, layered] = [await served(fetch), await served(client.fetch)];
  console.log(
    `When ${each}: ${alone} of 10 with fetch, ${layered} with the client (${again.retries - before} retries).`,
  );
  assert.equal(layered, 10);
  assert.ok(each === "all is well" ? alone === 10 : alone < 10);
}

// Each attempt has said how long it may take, and no more than that.
assert.ok(timesLeft.length > 40 && timesLeft.every((ms) => ms <= 100));

// ── An order is not placed twice ─────────────────────────────────────────────────────────────────────────────────────

moment = "it is overloaded";
asked = 1; // the next one goes wrong
const error: unknown = await client
  .call({ url: base, method: "POST", body: "books" })
  .catch((reason: unknown) => reason);
assert.ok(isStatusError(error) && error.status === 503);
assert.deepEqual(orders, ["books"]);
console.log(`A POST that failed was sent once: ${error.status}, ${JSON.stringify(error.body)}.`);

// With a key the other side knows it again, and it may be sent until it arrives.
asked = 1;
const headers = { "idempotency-key": "order-7" };
const placed = await client.call({ url: base, method: "POST", body: "pens", headers });
assert.equal(placed.status, 200);
assert.deepEqual(orders, ["books", "pens", "pens"]);
console.log("With an Idempotency-Key it was sent again, and placed.");

// ── When nothing helps ───────────────────────────────────────────────────────────────────────────────────────────────

// A failure says what it is. `fetch` would answer the 503 as a response, and `call` does not.
moment = "it hangs";
const impatient = httpClient({ total: timeout({ total: 50 }), limit });
asked = 1;
const late: unknown = await impatient.call({ url: base }).catch((reason: unknown) => reason);
assert.ok(isTimeoutError(late) && late.phase === "total");
console.log(`A call that may take 50 ms failed with ${late.name} (${late.phase}).`);

// Nothing is held, and nothing waits. (What was given up on is still counted until it has noticed, a moment later.)
await new Promise((resolve) => setImmediate(resolve));
assert.deepEqual([limit.active, limit.waiting, again.waiting], [0, 0, 0]);
server.close();
server.closeAllConnections();
