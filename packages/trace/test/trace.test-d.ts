import { type Keeps, type Layer, raises, type Service, serviceFn, ServiceBuilder } from "@sluice/core";
import pino from "pino";
import { expectTypeOf } from "vitest";
import { currentRequestId, currentTraceparent, trace, type TraceOptions } from "../src/index.ts";

interface Incoming {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

expectTypeOf(trace()).toEqualTypeOf<Layer<Keeps>>();
expectTypeOf(trace({ traceparent: (request: Incoming) => request.headers["traceparent"] })).toEqualTypeOf<
  Layer<Keeps<Incoming>>
>();
expectTypeOf(currentRequestId()).toEqualTypeOf<string | undefined>();
expectTypeOf(currentTraceparent()).toEqualTypeOf<string | undefined>();

// It keeps the types of the service inside, failures included.
class QuotaError extends Error {
  readonly code = "QUOTA";
}
expectTypeOf(
  new ServiceBuilder().layer(trace()).serviceFn(async (n: number) => String(n), raises<QuotaError>()),
).toEqualTypeOf<Service<number, string, QuotaError>>();

// Requests are such as `traceparent` can read, and a handler needs no annotation for them.
const builder = new ServiceBuilder().layer(trace({ traceparent: (request: Request) => request.headers.get("a") }));
expectTypeOf(builder.serviceFn((request) => request.url)).toEqualTypeOf<Service<Request, string, never>>();
// @ts-expect-error this service takes other requests
builder.service(serviceFn((n: number) => n));

// Loggers of either shape.
trace({ logger: console });
trace({ logger: pino(), level: "debug" });
trace({ logger: pino().child({ module: "upstream" }) });
trace({ logger: { info: (_message: string, _fields: object) => {}, warn: () => {} } });
// @ts-expect-error failures go to `warn`
trace({ logger: { info: () => {} } });
// @ts-expect-error an id is a string
trace({ generateId: () => 1 });
// @ts-expect-error a level is the name of a method
trace({ level: 30 });
expectTypeOf<TraceOptions>().toEqualTypeOf<TraceOptions<unknown>>();
