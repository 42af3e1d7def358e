// Route handlers of Next.js, behind a stack
//
// A route handler of Next.js is a function `(request, { params }) => Response`, and `guard` makes one. What stands below in comments as the
// name of a file is a file in a project of Next.js.
//
// Next.js itself is not run here: it is some hundred megabytes, and a build. What it does with a route handler is little, and done here by
// hand: it calls the function that the file of a route exports, with a `Request` and a promise of the parameters. (In Next.js 16.4 this was
// tried once, built and started: the answers are these, and the signal aborts when the client leaves.)
//
// The failure it prevents: a page that is asked for by everybody at once, and a database that each of them asks ten times.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { guard, isReady, limitBody, toFetchHandler } from "@sluice/http";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { serve } from "srvx";

/** What the build of Next.js asks of an exported handler. Its `NextRequest` is a `Request`. */
type RouteHandler<Params> = (request: Request, context: { readonly params: Promise<Params> }) => Promise<Response>;

// ── lib/limits.ts: what routes share, in a module of its own ─────────────────────────────────────────────────────────

const database = concurrencyLimit(2);
const making = { now: 0, most: 0 };

async function makeReport(id: string, signal: AbortSignal | undefined): Promise<string> {
  making.most = Math.max(making.most, ++making.now);
  try {
    await sleep(id === "endless" ? 60_000 : 100, undefined, { signal });
    return `report ${id}`;
  } finally {
    making.now--;
  }
}

// ── app/api/reports/[id]/route.ts ────────────────────────────────────────────────────────────────────────────────────

const stack = new ServiceBuilder()
  .layer(buffer({ capacity: 2 }))
  .layer(database)
  .layer(timeout(10_000));

// export const GET = …
const GET = guard(stack, async (_request, { signal }, { params }: { readonly params: Promise<{ id: string }> }) => {
  const { id } = await params;
  return Response.json({ report: await makeReport(id, signal) });
}) satisfies RouteHandler<{ id: string }>;
// Work that goes on behind an answer, such as what does not heed its signal, is handed to Next.js with one more argument:
//   { waitUntil: (work) => after(work) }, where `after` is from "next/server"

// ── app/api/uploads/route.ts: a stack of its own, without parameters ─────────────────────────────────────────────────

// export const POST = …
const POST = toFetchHandler(
  new ServiceBuilder()
    .layer(limitBody(1_000))
    .layer(concurrencyLimit(4))
    .serviceFn(async (request: Request) => Response.json({ bytes: (await request.text()).length })),
) satisfies RouteHandler<Record<string, never>>;

// ── app/readyz/route.ts ──────────────────────────────────────────────────────────────────────────────────────────────

const probe = new ServiceBuilder().layer(database).serviceFn(async () => undefined);
const ready: RouteHandler<Record<string, never>> = async () =>
  new Response(null, { status: isReady(probe) ? 200 : 503 });

// ── What Next.js does ────────────────────────────────────────────────────────────────────────────────────────────────

const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  silent: true,
  gracefulShutdown: false,
  fetch: (request) => {
    const [, id] = /^\/api\/reports\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
    if (id !== undefined) return GET(request, { params: Promise.resolve({ id }) });
    const params = Promise.resolve({});
    return request.method === "POST" ? POST(request, { params }) : ready(request, { params });
  },
});
await server.ready();
const ask = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init);

// ── What its users see ───────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => ask(`/api/reports/${n}`)));
const served = answers.filter(({ status }) => status === 200);
const refused = answers.filter(({ status, headers }) => status === 503 && headers.has("retry-after"));
console.log(`Eight at once: ${served.length} served, never more than ${making.most}; ${refused.length} refused.`);
assert.ok(served.length >= 4 && served.length + refused.length === 8);
assert.equal(making.most, 2);
assert.match(JSON.stringify(await served[0]?.json()), /"report \d"/);

const impatient = await ask("/api/reports/endless", { headers: { "x-timeout-ms": "200" } });
console.log(
  `An endless report, for a client that waits 200 ms: ${impatient.status}, and ${making.now} are being made.`,
);
assert.deepEqual([impatient.status, making.now], [504, 0]);

const post = async (bytes: number) => (await ask("/api/uploads", { method: "POST", body: "a".repeat(bytes) })).status;
assert.deepEqual([await post(1_000), await post(1_001)], [200, 413]);
assert.equal((await ask("/readyz")).status, 200);
console.log("Uploads of up to 1,000 bytes are taken, and it is ready.");

await server.close(true);
assert.equal(database.active, 0);
