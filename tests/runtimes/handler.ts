// What each runtime serves. It is made once, where the module is loaded, as users do: requests share its layers.
import { buffer } from "@sluice/buffer";
import { ServiceBuilder } from "@sluice/core";
import { type FetchHandler, toFetchHandler } from "@sluice/http";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How often `/flaky` was asked, by its query. */
const asked = new Map<string, number>();

const pages: Readonly<Record<string, (request: Request, signal: AbortSignal | undefined) => Promise<Response>>> = {
  "/hello": async () => new Response("hello"),
  "/echo": async (request) => new Response(await request.text()),
  "/never": (_request, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        reject(signal.reason);
      });
    }),
  "/flaky": async ({ url }) => {
    const times = (asked.get(url) ?? 0) + 1;
    asked.set(url, times);
    return times < 3 ? new Response(null, { status: 503 }) : new Response("served");
  },
  "/none": async () => new Response(null, { status: 404 + 97 }),
};

const site = toFetchHandler(
  new ServiceBuilder()
    .layer(timeout(100))
    .serviceFn(
      async (request: Request, { signal }) =>
        pages[new URL(request.url).pathname]?.(request, signal) ?? new Response(null, { status: 404 }),
    ),
);

const full = toFetchHandler(
  new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(async (_: Request) => new Response("never")),
);

const slowly = async (_: Request): Promise<Response> => {
  await later(100);
  return new Response("done");
};

/** Where requests wait for each other. */
const shared: Readonly<Record<string, FetchHandler>> = {
  "/full": full,
  "/line": toFetchHandler(new ServiceBuilder().layer(concurrencyLimit(1)).serviceFn(slowly), { wait: true }),
  "/rate": toFetchHandler(
    new ServiceBuilder()
      .layer(rateLimit({ limit: 1, interval: 60 }))
      .serviceFn(async (_: Request) => new Response("done")),
    { wait: true },
  ),
  "/buffer": toFetchHandler(
    new ServiceBuilder()
      .layer(buffer({ capacity: 8 }))
      .layer(concurrencyLimit(1))
      .serviceFn(slowly),
  ),
};

/** Answers for all of them. */
export const handler: FetchHandler = (request, ...context) =>
  (shared[new URL(request.url).pathname] ?? site)(request, ...context);
