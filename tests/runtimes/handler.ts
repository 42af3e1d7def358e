// The handler that each runtime serves. It is made once, when the module is loaded, as users do: requests share its layers.
import { buffer } from "@sluice/buffer";
import { coalesce } from "@sluice/cache";
import { ServiceBuilder } from "@sluice/core";
import { type FetchHandler, toFetchHandler } from "@sluice/http";
import { guard } from "@sluice/http/hono";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { mapResponse } from "@sluice/util";
import { type ExecutionContext, Hono } from "hono";

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How often `/flaky` was requested, by its query. */
const asked = new Map<string, number>();

const pages: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  "/hello": async () => new Response("hello"),
  "/echo": async (request) => new Response(await request.text()),
  "/flaky": async ({ url }) => {
    const times = (asked.get(url) ?? 0) + 1;
    asked.set(url, times);
    return times < 3 ? new Response(null, { status: 503 }) : new Response("served");
  },
  "/none": async () => new Response(null, { status: 501 }),
};

const site = toFetchHandler(
  new ServiceBuilder()
    .layer(timeout(30_000))
    .serviceFn(
      async (request: Request) =>
        pages[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
    ),
);

const never = toFetchHandler(
  new ServiceBuilder().layer(timeout(20)).serviceFn(
    (_request: Request, { signal }) =>
      new Promise<Response>((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          reject(signal.reason);
        });
      }),
  ),
);

const full = toFetchHandler(
  new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(async (_request: Request) => new Response("never")),
);

const slowly = async (_request: Request): Promise<Response> => {
  await later(100);
  return new Response("done");
};

const app = new Hono();
app.use(guard(new ServiceBuilder().layer(concurrencyLimit(1)), { wait: true }));
app.get("/hono", async (context) => {
  await later(100);
  return context.text("done");
});

/** Routes with their own stack; requests to the last five wait for each other. */
const stacks: Readonly<Record<string, FetchHandler>> = {
  "/full": full,
  "/never": never,
  "/hono": async (request, env, context) => app.fetch(request, env, context as ExecutionContext),
  "/line": toFetchHandler(new ServiceBuilder().layer(concurrencyLimit(1)).serviceFn(slowly), { wait: true }),
  "/rate": toFetchHandler(
    new ServiceBuilder()
      .layer(rateLimit({ limit: 1, interval: 60 }))
      .serviceFn(async (_request: Request) => new Response("done")),
    { wait: true },
  ),
  "/joined": toFetchHandler(
    new ServiceBuilder()
      // Outermost, for a response has only one body.
      .layer(mapResponse((text: string) => new Response(text)))
      .layer(coalesce({ key: () => "the same" }))
      .serviceFn(async (_request: Request) => {
        await later(100);
        return "done";
      }),
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
  (stacks[new URL(request.url).pathname] ?? site)(request, ...context);
