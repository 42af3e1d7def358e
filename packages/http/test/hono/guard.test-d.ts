import { type Adds, middleware, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { Hono } from "hono";
import { expectTypeOf } from "vitest";
import { guard } from "../../src/hono/index.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

const reports = guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(1_000)));
const app = new Hono();
app.use("/reports/*", reports);
// The variables come along where the middleware stands in the route.
app.get("/reports/:id", reports, (c) => {
  expectTypeOf(c.get("signal")).toEqualTypeOf<AbortSignal>();
  return c.text(c.req.param("id"));
});

guard(new ServiceBuilder().layer(middleware("keyed", (request: Request, next, options) => next(request, options))));
const quota = new ServiceBuilder().layer(
  middleware<Adds<QuotaError>>("quota", (request, next, options) => next(request, options)),
);
// @ts-expect-error QUOTA is not answered
guard(quota);
guard(quota, { answers: { QUOTA: (_error, { url }) => ({ status: 402, instance: url }) } });
// @ts-expect-error its layers look at something else
guard(new ServiceBuilder().layer(middleware("n", (n: number, next) => next(n))));
