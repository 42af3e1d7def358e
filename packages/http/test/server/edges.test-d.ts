import type { OverloadedError, Service } from "@sluice/core";
import { type Adds, middleware, raises, ServiceBuilder, serviceFn } from "@sluice/core";
import { buffer } from "@sluice/buffer";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { timeout, type TimeoutError } from "@sluice/timeout";
import type { RouteNotFoundError } from "@sluice/util-box";
import { expectTypeOf } from "vitest";
import {
  answerFailures,
  type FetchHandler,
  guard,
  limitBody,
  problemResponse,
  rateLimitFields,
  toFetchHandler,
  type Unanswered,
  untilBodyEnds,
} from "../../src/index.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
  readonly left = 0;
}
class TwoCodesError extends Error {
  declare readonly code: "ONE" | "TWO";
}
class LooseError extends Error {
  declare readonly code: string;
}

const ok = async (_request: Request): Promise<Response> => new Response("ok");
const plain = serviceFn(ok);

// Promise 1: a stack whose failures are not all answered for does not compile at an edge, nor does one that does not fit its requests.

// What every edge answers by itself needs no answer.
const usual = new ServiceBuilder()
  .layer(buffer({ capacity: 1 }))
  .layer(rateLimit({ limit: 1, interval: 1 }))
  .layer(concurrencyLimit(4))
  .layer(timeout(1_000))
  .layer(limitBody(10));
expectTypeOf(toFetchHandler(usual.serviceFn(ok))).toEqualTypeOf<FetchHandler>();
toFetchHandler(serviceFn(ok, raises<RouteNotFoundError | TimeoutError>()));

// A failure of one's own does.
const own = serviceFn(ok, raises<QuotaError>());
// @ts-expect-error QUOTA is not answered
toFetchHandler(own);
// @ts-expect-error QUOTA is not answered
toFetchHandler(own, {});
// @ts-expect-error QUOTA is not answered, ONE is nobody's
toFetchHandler(own, { answers: { ONE: () => ({ status: 402 }) } });
toFetchHandler(own, {
  answers: {
    QUOTA: (error, request) => {
      expectTypeOf(error).toEqualTypeOf<QuotaError>();
      expectTypeOf(request).toEqualTypeOf<Request>();
      return { status: 402, detail: String(error.left) };
    },
  },
});
// @ts-expect-error an answer is a problem
toFetchHandler(own, { answers: { QUOTA: () => "402" } });
// @ts-expect-error nobody raises this
toFetchHandler(plain, { answers: { QUOTA: () => ({ status: 402 }) } });

// What is known may be answered otherwise.
toFetchHandler(plain, {
  answers: {
    ERR_SLUICE_OVERLOADED: (error) => {
      expectTypeOf(error).toEqualTypeOf<OverloadedError>();
      return { status: 529 };
    },
  },
});

// Each of several codes wants its answer.
const two = serviceFn(ok, raises<TwoCodesError>());
// @ts-expect-error TWO is not answered
toFetchHandler(two, { answers: { ONE: () => ({ status: 400 }) } });
toFetchHandler(two, { answers: { ONE: () => ({ status: 400 }), TWO: () => ({ status: 401 }) } });

// A failure without a code that is known cannot be told from others.
declare const loose: Service<Request, Response, LooseError>;
// @ts-expect-error its code is any text
toFetchHandler(loose);
// @ts-expect-error its code is any text
toFetchHandler(loose, { answers: {} });
declare const vague: Service<Request, Response>;
// @ts-expect-error nobody knows what it raises
toFetchHandler(vague);
// @ts-expect-error nobody knows what it raises
toFetchHandler(vague, { answers: {} });

// A stack that does not fit the web does not compile.
// @ts-expect-error it takes numbers
toFetchHandler(serviceFn(async (n: number) => new Response(String(n))));
// @ts-expect-error it answers with text
toFetchHandler(serviceFn(async (request: Request) => request.url));
// @ts-expect-error there is no such option
toFetchHandler(plain, { waits: true });

// guard: the handler is given what came along.
const withEnv = guard(usual, (request, { signal, deadline }, env: { readonly name: string }) => {
  expectTypeOf(request).toEqualTypeOf<Request>();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf(deadline).toEqualTypeOf<number | undefined>();
  return new Response(env.name);
});
expectTypeOf(withEnv).toEqualTypeOf<FetchHandler<[env: { readonly name: string }]>>();
const raising = new ServiceBuilder().layer(
  middleware<Adds<QuotaError>>("quota", (request, next, options) => next(request, options)),
);
// @ts-expect-error QUOTA is not answered
guard(raising, () => new Response());
guard(raising, () => new Response(), { answers: { QUOTA: () => ({ status: 402 }) } });
// @ts-expect-error its layers look at numbers
guard(new ServiceBuilder().layer(middleware("n", (n: number, next) => next(n))), () => new Response());
// @ts-expect-error the handler answers with text
guard(usual, () => "text");

// answerFailures takes away what it answers, and leaves the rest.
const answered = new ServiceBuilder().layer(answerFailures()).layer(loadShed()).layer(timeout(1)).serviceFn(ok);
expectTypeOf(answered).toEqualTypeOf<Service<Request, Response, never>>();
const left = new ServiceBuilder().layer(answerFailures()).layer(loadShed()).service(own);
expectTypeOf(left).toEqualTypeOf<Service<Request, Response, QuotaError>>();
// @ts-expect-error QUOTA is left
toFetchHandler(left);
const all = new ServiceBuilder()
  .layer(answerFailures({ QUOTA: ({ left: of }: QuotaError) => ({ status: 402, detail: String(of) }) }))
  .service(own);
expectTypeOf(all).toEqualTypeOf<Service<Request, Response, never>>();
new ServiceBuilder().layer(answerFailures({ QUOTA: () => ({ status: 402 }) })).service(own);
new ServiceBuilder()
  .layer(answerFailures({ QUOTA: ({ limit }: { readonly limit: string }) => ({ status: 402, detail: limit }) }))
  // @ts-expect-error the answer takes another failure
  .service(own);
// @ts-expect-error it answers with a Response
new ServiceBuilder().layer(answerFailures()).serviceFn(async () => "text");
// @ts-expect-error there is no such option
answerFailures({}, { waits: true });
expectTypeOf<Unanswered<QuotaError | TimeoutError, "QUOTA">>().toEqualTypeOf<never>();
expectTypeOf<Unanswered<TwoCodesError, "ONE">>().toEqualTypeOf<TwoCodesError>();

// The others keep the types.
const rate = rateLimit({ limit: 1, interval: 1 });
const kept = new ServiceBuilder().layer(rateLimitFields({ rate })).layer(untilBodyEnds()).serviceFn(ok);
expectTypeOf(kept).toEqualTypeOf<Service<Request, Response, never>>();
rateLimitFields({ rate: (request: Request) => (request.url === "/" ? rate : undefined) });
// @ts-expect-error a rate has what is available
rateLimitFields({ rate: { limit: 1 } });
// @ts-expect-error it answers with text
new ServiceBuilder().layer(untilBodyEnds()).serviceFn(async () => "text");
// @ts-expect-error a counter is not to be set
limitBody(1).refused = 0;
// @ts-expect-error a problem has a status
problemResponse({ title: "no" });
