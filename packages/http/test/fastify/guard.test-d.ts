import { type Adds, middleware, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import Fastify, { type FastifyPluginCallback, type FastifyRequest } from "fastify";
import { expectTypeOf } from "vitest";
import { guard, signalOf } from "../../src/fastify/index.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

const reports = guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(1_000)));
expectTypeOf(reports).toEqualTypeOf<FastifyPluginCallback>();
const app = Fastify();
await app.register(reports);
app.get<{ Params: { id: string } }>("/reports/:id", async (request) => {
  expectTypeOf(signalOf(request)).toEqualTypeOf<AbortSignal>();
  return request.params.id;
});

guard(
  new ServiceBuilder().layer(middleware("keyed", (request: FastifyRequest, next, options) => next(request, options))),
);
const quota = new ServiceBuilder().layer(
  middleware<Adds<QuotaError>>("quota", (request, next, options) => next(request, options)),
);
// @ts-expect-error QUOTA is not answered
guard(quota);
guard(quota, { answers: { QUOTA: (_error, { ip }) => ({ status: 402, detail: ip }) } });
// @ts-expect-error its layers look at requests of fetch
guard(new ServiceBuilder().layer(middleware("web", (request: Request, next, options) => next(request, options))));
