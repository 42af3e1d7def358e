import { type Adds, middleware, raises, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { mapFailure, mapRequest, mapResponse, mapResult, type OutcomeOf } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
class UpstreamError extends Error {
  readonly code = "UPSTREAM";
}
declare const length: Service<string, number, SlowError>;

// mapRequest: the requests change, and nothing else.
const byNumber = new ServiceBuilder().layer(mapRequest((id: number) => `#${id}`)).service(length);
expectTypeOf(byNumber).toEqualTypeOf<Service<number, number, SlowError>>();
// A handler below it needs no annotation.
new ServiceBuilder().layer(mapRequest((name: string) => name.length)).serviceFn((n) => {
  expectTypeOf(n).toEqualTypeOf<number>();
  return n > 3;
});
// @ts-expect-error the service inside takes strings
new ServiceBuilder().layer(mapRequest((name: string) => name.length)).service(length);
// @ts-expect-error a mapping is a function
mapRequest(1);

// mapResponse: the responses change, by what an async function answers with, too.
const even = new ServiceBuilder().layer(mapResponse((n: number) => n % 2 === 0)).service(length);
expectTypeOf(even).toEqualTypeOf<Service<string, boolean, SlowError>>();
const evenLater = new ServiceBuilder().layer(mapResponse(async (n: number) => n % 2 === 0)).service(length);
expectTypeOf(evenLater).toEqualTypeOf<Service<string, boolean, SlowError>>();
const opaque = new ServiceBuilder().layer(mapResponse((response) => [response])).service(length);
expectTypeOf(opaque).toEqualTypeOf<Service<string, unknown[], SlowError>>();
// @ts-expect-error the service inside answers with numbers
new ServiceBuilder().layer(mapResponse((text: string) => text.length)).service(length);

// A handler that takes its options apart is inferred all the same.
const measured = new ServiceBuilder()
  .layer(mapResponse((n: number) => `${n}` as const))
  .serviceFn(async (text: string, { signal }) => (signal?.aborted === true ? 0 : text.length));
expectTypeOf(measured).toEqualTypeOf<Service<string, `${number}`, never>>();
const atOnce = new ServiceBuilder()
  .layer(mapRequest((n: number) => String(n)))
  .layer(mapResponse((n: number) => n > 3))
  .serviceFn((text, { deadline }) => text.length + (deadline ?? 0));
expectTypeOf(atOnce).toEqualTypeOf<Service<number, boolean, never>>();
// @ts-expect-error it answers with a text
new ServiceBuilder().layer(mapResponse((n: number) => n)).serviceFn(async (text: string, { signal }) => text + !signal);

// mapFailure: the failures change.
const upstream = new ServiceBuilder().layer(mapFailure((_failure: unknown) => new UpstreamError())).service(length);
expectTypeOf(upstream).toEqualTypeOf<Service<string, number, UpstreamError>>();
const named = new ServiceBuilder()
  .layer(mapFailure((failure: SlowError): { code: string } => ({ code: failure.code })))
  .service(length);
expectTypeOf(named).toEqualTypeOf<Service<string, number, { code: string }>>();
// @ts-expect-error the service inside fails with a SlowError
new ServiceBuilder().layer(mapFailure((failure: UpstreamError) => failure)).service(length);

// mapResult: responses and failures, as the function's outcomes say.
const judged = new ServiceBuilder()
  .layer(
    mapResult((outcome: OutcomeOf<number, SlowError>) =>
      outcome.status === "fulfilled" && outcome.value > 3
        ? { status: "rejected", reason: new UpstreamError() }
        : outcome,
    ),
  )
  .service(length);
expectTypeOf(judged).toEqualTypeOf<Service<string, number, SlowError | UpstreamError>>();
const judgedFn = new ServiceBuilder()
  .layer(mapResult((outcome: OutcomeOf<number, SlowError>) => outcome))
  .serviceFn(async (text: string, { signal }) => (signal === undefined ? text.length : 0), raises<SlowError>());
expectTypeOf(judgedFn).toEqualTypeOf<Service<string, number, SlowError>>();
const never = new ServiceBuilder()
  .layer(mapResult(async ({ status }) => ({ status: "fulfilled", value: status })))
  .service(length);
expectTypeOf(never).toEqualTypeOf<Service<string, "fulfilled" | "rejected", never>>();
// What the platform calls an outcome will do.
const settled = new ServiceBuilder()
  .layer(mapResult((value: PromiseSettledResult<number>) => ({ status: "fulfilled", value })))
  .service(length);
expectTypeOf(settled).toEqualTypeOf<Service<string, PromiseSettledResult<number>, never>>();
// @ts-expect-error the service inside answers with numbers
new ServiceBuilder().layer(mapResult((outcome: OutcomeOf<string, SlowError>) => outcome)).service(length);
// @ts-expect-error a number is no outcome
mapResult((outcome: OutcomeOf<number, SlowError>) => (outcome.status === "fulfilled" ? outcome.value : outcome));

// A mismatch further in is not hidden by what is around it.
new ServiceBuilder()
  .layer(mapResponse(() => 1))
  .layer(middleware<Adds<SlowError>>("slow", (request, next) => next(request)))
  .layer(mapRequest((name: string) => name.length))
  // @ts-expect-error the service inside takes strings
  .service(serviceFn((name: string) => name));
