import { expectTypeOf } from "vitest";
import {
  type Adds,
  type Apply,
  type CallOptions,
  type FailureOf,
  gate,
  type GivesOnly,
  type HandlerOptions,
  identity,
  type Keeps,
  type Kind,
  type Layer,
  layerFn,
  type MapsFailure,
  type MapsRequest,
  type MapsResponse,
  middleware,
  type Mismatch,
  OverloadedError,
  type Permit,
  raises,
  type Recovers,
  type RequestOf,
  type ResponseOf,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "../src/index.ts";

class TimeoutError extends Error {
  readonly code = "TIMEOUT";
}
class QuotaError extends Error {
  readonly code = "QUOTA";
}
class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

// Layers as our packages make them: only their types matter here.
declare const loadShed: () => Layer<Adds<OverloadedError>>;
declare const timeout: (ms: number) => Layer<Adds<TimeoutError>>;
declare const concurrencyLimit: (max: number) => Layer;
declare const quota: () => Layer<Adds<QuotaError, { readonly tenant: string }>>;
declare function recover<E, R>(
  type: abstract new (...args: never[]) => E,
  handle: (error: E) => R,
): Layer<Recovers<E, R>>;
declare function mapRequest<A, B>(map: (request: A) => B): Layer<MapsRequest<A, B>>;
declare function mapResponse<A, B>(map: (response: A) => B): Layer<MapsResponse<A, B>>;
declare function mapFailure<A, B>(map: (failure: A) => B): Layer<MapsFailure<A, B>>;

// The chain of the contract comes out whole, without annotations.
const lookup = new ServiceBuilder()
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(concurrencyLimit(64))
  .layer(timeout(100))
  .layer(mapRequest((name: string) => name.length))
  .serviceFn(async (n: number) => n > 3);
expectTypeOf(lookup).toEqualTypeOf<Service<string, boolean | "busy", TimeoutError>>();

// A handler needs no annotation where the layers around it say what it is asked with.
const inferred = new ServiceBuilder()
  .layer(timeout(100))
  .layer(mapRequest((name: string) => ({ name })))
  .layer(concurrencyLimit(1))
  .serviceFn((request) => {
    expectTypeOf(request).toEqualTypeOf<{ name: string }>();
    return request.name;
  });
expectTypeOf(inferred).toEqualTypeOf<Service<string, string, TimeoutError>>();

// Twelve layers and more.
const long = new ServiceBuilder()
  .layer(identity())
  .layer(recover(QuotaError, () => null))
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(gate(new Semaphore(1), { name: "outer" }))
  .layer(mapResponse((found: { readonly found: boolean }) => found.found))
  .layer(timeout(1000))
  .layer(mapRequest((url: URL) => ({ tenant: url.host, id: url.pathname })))
  .layer(quota())
  .layer(middleware("through", (request, next, options) => next(request, options)))
  .layer(timeout(100))
  .layer(mapFailure((failure: NotFound) => new Error("gone", { cause: failure }) as Error & { code: "GONE" }))
  .layer(mapRequest((request: { tenant: string; id: string }) => request.id))
  .layer(undefined)
  .serviceFn(async (id: string) => ({ found: id.length > 3 }), raises<NotFound>());
expectTypeOf(long).toEqualTypeOf<Service<URL, boolean | "busy" | null, TimeoutError | (Error & { code: "GONE" })>>();
expectTypeOf<FailureOf<typeof long>>().not.toBeAny();

// Around a service that is there.
const find = serviceFn(async (id: string) => id.length, raises<NotFound>());
expectTypeOf(new ServiceBuilder().service(find)).toEqualTypeOf<Service<string, number, NotFound>>();
expectTypeOf(new ServiceBuilder().layer(timeout(1)).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | TimeoutError>
>();

// An edge that answers for everything: forgetting a failure does not compile.
declare function edge(service: Service<string, unknown, never>): void;
edge(new ServiceBuilder().layer(recover(NotFound, () => 404)).service(find));
// @ts-expect-error NotFound is nobody's
edge(new ServiceBuilder().layer(recover(OverloadedError, () => 503)).service(find));
const late = new ServiceBuilder().layer(timeout(1)).layer(recover(NotFound, () => 404));
// @ts-expect-error the timeout is outside what recovers
edge(late.service(find));

// Layers that do not fit: requests, responses and failures, at .service and at .serviceFn, at any depth.
const takesLength = new ServiceBuilder().layer(mapRequest((name: string) => name.length));
takesLength.serviceFn((n: number) => n);
// @ts-expect-error a number where a Date is asked for
takesLength.serviceFn((date: Date) => date);
// @ts-expect-error a number where a string is asked for
takesLength.service(find);
const deep = new ServiceBuilder().layer(timeout(1)).layer(mapRequest((n: string) => n.length));
// @ts-expect-error also with layers around it, and inside
deep.layer(identity()).service(find);
// @ts-expect-error find has no field `found`
new ServiceBuilder().layer(mapResponse((found: { found: boolean }) => found.found)).service(find);
// @ts-expect-error find fails with NotFound
new ServiceBuilder().layer(mapFailure((failure: QuotaError) => failure.code)).service(find);
// @ts-expect-error the quota is for requests that name a tenant
new ServiceBuilder().layer(quota()).service(find);
// @ts-expect-error likewise, of a handler
new ServiceBuilder().layer(quota()).serviceFn((id: string) => id);
new ServiceBuilder().layer(quota()).serviceFn((request: { tenant: string; id: string }) => request.id);
// @ts-expect-error no service
new ServiceBuilder().service({});
// @ts-expect-error no layer
new ServiceBuilder().layer({});
// @ts-expect-error a layer is not a function
new ServiceBuilder().layer((inner: unknown) => inner);
// @ts-expect-error names are for reading
new ServiceBuilder().describe().push("x");

// A layer wraps a service alone, too, by the same rules.
expectTypeOf(timeout(1).wrap(find)).toEqualTypeOf<Service<string, number, NotFound | TimeoutError>>();
expectTypeOf(identity().wrap(find)).toEqualTypeOf<Service<string, number, NotFound>>();
// @ts-expect-error a number where a string is asked for
mapRequest((n: string) => n.length).wrap(find);

// A layer that may be left out: what goes for both.
declare const condition: boolean;
const perhaps = new ServiceBuilder().layer(condition ? timeout(1) : undefined).service(find);
expectTypeOf<RequestOf<typeof perhaps>>().toEqualTypeOf<string>();
expectTypeOf<ResponseOf<typeof perhaps>>().toEqualTypeOf<number>();
expectTypeOf<FailureOf<typeof perhaps>>().toEqualTypeOf<NotFound | TimeoutError>();
expectTypeOf(new ServiceBuilder().layer(condition ? concurrencyLimit(1) : undefined).service(find)).toEqualTypeOf<
  Service<string, number, NotFound>
>();
const perhapsRecovers = new ServiceBuilder()
  .layer(condition ? recover(NotFound, () => 404 as const) : undefined)
  .service(find);
expectTypeOf<FailureOf<typeof perhapsRecovers>>().toEqualTypeOf<NotFound>();
// @ts-expect-error it recovers, or it does not
edge(perhapsRecovers);
expectTypeOf(new ServiceBuilder().layer(undefined).service(find)).toEqualTypeOf<Service<string, number, NotFound>>();

// A recovering layer takes away what it names, and no more: failures are told apart by their code.
class TimeoutLike extends Error {
  readonly code = "TIMEOUT_LIKE";
}
const partly = new ServiceBuilder()
  .layer(recover(TimeoutError, () => 0))
  .serviceFn(() => 1, raises<TimeoutError | TimeoutLike>());
expectTypeOf<FailureOf<typeof partly>>().toEqualTypeOf<TimeoutLike>();

// middleware: keeps the types, of any service or of those with such requests; another kind goes in front.
expectTypeOf(middleware("any", (request, next) => next(request))).toEqualTypeOf<Layer<Keeps>>();
const logged = middleware("logged", (request: { readonly url: string }, next, options) => {
  expectTypeOf(request).toEqualTypeOf<{ readonly url: string }>();
  return next(request, options);
});
new ServiceBuilder().layer(logged).serviceFn((request: { url: string; id: number }) => request.id);
new ServiceBuilder().layer(logged).serviceFn((request) => request.url);
// @ts-expect-error for requests with a url only
new ServiceBuilder().layer(logged).service(find);
const quotaOf = middleware<Adds<QuotaError>>("quota", async (request, next, options) => {
  if (options.deadline === 0) throw new QuotaError();
  return next(request, options) as Promise<unknown>;
});
expectTypeOf(quotaOf).toEqualTypeOf<Layer<Adds<QuotaError>>>();
expectTypeOf(new ServiceBuilder().layer(quotaOf).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | QuotaError>
>();
const parsed = middleware<MapsRequest<string, number>>("parsed", (request, next) => {
  expectTypeOf(request).toEqualTypeOf<string>();
  return next(Number(request));
});
expectTypeOf(new ServiceBuilder().layer(parsed).serviceFn((n) => n)).toEqualTypeOf<Service<string, number, never>>();
// @ts-expect-error of a number of parameters that fits
middleware("none", (request, next, options, more: string) => next(request, options) ?? more);

// layerFn: keeps the types of the service inside unless told otherwise.
expectTypeOf(layerFn("keeps", (inner) => inner)).toEqualTypeOf<Layer<Keeps>>();
const adds = layerFn<Adds<QuotaError>>("adds", (inner) => inner);
expectTypeOf(new ServiceBuilder().layer(adds).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | QuotaError>
>();
// @ts-expect-error it must answer with a service
layerFn("none", () => 5);

// gate: adds what the gate is known to raise.
const breaker = {
  tryAcquire: () => ({ cancel() {}, finish() {} }),
  acquire: async () => ({ cancel() {}, finish() {} }),
  "~failure": undefined as (() => QuotaError) | undefined,
};
expectTypeOf(new ServiceBuilder().layer(gate(breaker, { name: "breaker" })).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | QuotaError>
>();
expectTypeOf(new ServiceBuilder().layer(gate(new Semaphore(1), { name: "s" })).service(find)).toEqualTypeOf<
  Service<string, number, NotFound>
>();
// @ts-expect-error a gate needs a name
gate(new Semaphore(1), {});
// @ts-expect-error a lease can be cancelled
gate({ tryAcquire: () => ({ finish() {} }), acquire: () => Promise.reject(new Error("no")) }, { name: "x" });

// A kind of one's own.
interface Body<T> {
  readonly body: T;
}
interface Wraps extends Kind {
  readonly "~outer": Service<RequestOf<this["~inner"]>, Body<ResponseOf<this["~inner"]>>, FailureOf<this["~inner"]>>;
}
declare const wraps: Layer<Wraps>;
expectTypeOf(new ServiceBuilder().layer(wraps).layer(timeout(1)).service(find)).toEqualTypeOf<
  Service<string, Body<number>, NotFound | TimeoutError>
>();

// A service of one's own.
declare class Own extends Service<string, number, NotFound> {
  override tryReady(): Permit<string, number, NotFound> | undefined;
  override ready(): Promise<Permit<string, number, NotFound>>;
}
expectTypeOf(new ServiceBuilder().layer(timeout(1)).service(new Own())).toEqualTypeOf<
  Service<string, number, NotFound | TimeoutError>
>();

// Nothing on the way turns into any.
expectTypeOf<RequestOf<typeof long>>().not.toBeAny();
expectTypeOf<ResponseOf<typeof long>>().not.toBeAny();
const unknowns = new ServiceBuilder().layer(timeout(1)).service({} as Service<string, number>);
expectTypeOf<FailureOf<typeof unknowns>>().toEqualTypeOf<unknown>();

// A handler that takes its options apart needs no annotation, whatever is around it: the most common stack.
const fetched = new ServiceBuilder()
  .layer(mapResponse((response: Response) => response.status))
  .serviceFn(async (url: string, { signal }) => fetch(url, { signal: signal ?? null }));
expectTypeOf(fetched).toEqualTypeOf<Service<string, number, never>>();
const measured = new ServiceBuilder()
  .layer(mapResponse((n: number) => n > 1))
  .serviceFn((text: string, { signal }) => (signal?.aborted === true ? 0 : text.length));
expectTypeOf(measured).toEqualTypeOf<Service<string, boolean, never>>();
const asked = new ServiceBuilder()
  .layer(mapRequest((n: number) => String(n)))
  .layer(mapResponse((n: number) => n > 1))
  .serviceFn(async (text, { deadline }) => {
    expectTypeOf(text).toEqualTypeOf<string>();
    return text.length + (deadline ?? 0);
  }, raises<NotFound>());
expectTypeOf(asked).toEqualTypeOf<Service<number, boolean, NotFound>>();
const givesNumbers = new ServiceBuilder().layer(mapResponse((n: number) => n > 1));
// @ts-expect-error a number is asked for, and a string is given
givesNumbers.serviceFn(async (text: string, { signal }) => text + (signal === undefined));
// @ts-expect-error the same, at once
givesNumbers.serviceFn((text: string) => text);
// @ts-expect-error a Date is asked with a number
takesLength.serviceFn(async (date: Date, { signal }) => String(date) + (signal === undefined));
// Some answers at once, some later; or never.
expectTypeOf(
  new ServiceBuilder().serviceFn((fails: boolean) => (fails ? Promise.reject(new Error("no")) : "now")),
).toEqualTypeOf<Service<boolean, "now", never>>();
expectTypeOf(
  givesNumbers.serviceFn(() => {
    throw new Error("no");
  }),
).toEqualTypeOf<Service<unknown, boolean, never>>();

// What answers with `any` passes as a response; what comes out of a stack that does not fit is a Mismatch all the same.
const loose = takesLength.serviceFn((date: Date): any => date);
expectTypeOf(loose).not.toBeAny();
// @ts-expect-error nobody can call it
loose.call("");

// The options of a handler go to fetch as they are, also under exactOptionalPropertyTypes.
const pages = new ServiceBuilder().serviceFn((url: string, options) => fetch(url, options));
expectTypeOf(pages).toEqualTypeOf<Service<string, Response, never>>();
const posts = serviceFn((url: string, options) => fetch(url, { ...options, method: "POST" }));
expectTypeOf(posts).toEqualTypeOf<Service<string, Response, never>>();
// @ts-expect-error but a signal that may be undefined does not
serviceFn((url: string, { signal }) => fetch(url, { signal }));

// Those of a middleware too.
middleware("asks", async (request: { readonly url: string }, next, options) => {
  const allowed = await fetch("https://auth.example/", options);
  return allowed.ok ? next(request, { ...options, deadline: undefined }) : undefined;
});
middleware<Adds<QuotaError>>("asks", (_request, _next, options) => fetch("https://auth.example/", options));
// Who asks for less is called with more.
middleware("older", (request, next, options: CallOptions) => next(request, options));

// A handler's options are good as those of a call, so that they can be passed on.
expectTypeOf<HandlerOptions>().toExtend<CallOptions>();
serviceFn((id: string, options) => find.call(id, { ...options, deadline: 5 }));

// A handler that declares nothing raises nothing that is known, also one that only throws.
expectTypeOf<FailureOf<typeof pages>>().toEqualTypeOf<never>();
const throwing = serviceFn(() => {
  throw new NotFound();
});
expectTypeOf<FailureOf<typeof throwing>>().toEqualTypeOf<never>();
expectTypeOf<FailureOf<typeof pages>>().not.toBeAny();

// One layer in each call.
// @ts-expect-error the second would be dropped
new ServiceBuilder().layer(timeout(1), timeout(2));

// A layer of one's own around one of ours, of the same kind.
const tenant = layerFn<Keeps<{ readonly tenant: string }>>("tenant", (inner) =>
  middleware<Keeps<{ readonly tenant: string }>>("checked", (request, next, options) => {
    expectTypeOf(request.tenant).toEqualTypeOf<string>();
    return next(request, options);
  }).wrap(inner),
);
new ServiceBuilder().layer(tenant).serviceFn(({ tenant: name }) => name);
// @ts-expect-error it is for requests with a tenant
new ServiceBuilder().layer(tenant).serviceFn((name: string) => name);

// A generic function can build a stack: where a layer takes any service, nothing has to be known of the one inside.
const guard = new ServiceBuilder()
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(condition ? concurrencyLimit(1) : undefined)
  .layer(mapResponse((response) => [response]))
  .layer(timeout(1));
const guardedService = <Req, Res, Err>(service: Service<Req, Res, Err>) => guard.service(service);
expectTypeOf(guardedService(find)).toEqualTypeOf<Service<string, unknown[] | "busy", NotFound | TimeoutError>>();
const guardedFn = <Req, Res>(handler: (request: Req, options: CallOptions) => Promise<Res>) =>
  new ServiceBuilder()
    .layer(gate(new Semaphore(1), { name: "one" }))
    .layer(timeout(1))
    .serviceFn(handler);
expectTypeOf(guardedFn(async (name: string) => name.length)).toEqualTypeOf<Service<string, number, TimeoutError>>();
// It can say what comes out.
const declared = <Req, Res, Err>(service: Service<Req, Res, Err>): Service<Req, Res, Err | TimeoutError> =>
  timeout(1).wrap(new ServiceBuilder().layer(concurrencyLimit(1)).service(service));
expectTypeOf(declared(find)).toEqualTypeOf<Service<string, number, NotFound | TimeoutError>>();
const wrongly = <Req, Res, Err>(service: Service<Req, Res, Err>): Service<Req, Res, Err> =>
  // @ts-expect-error it may time out
  timeout(1).wrap(service);
void wrongly;
// What a response is, whoever writes `until` says; nothing is known of one without an annotation.
gate(new Semaphore(1), { name: "streams", until: (response: { ended: Promise<void> }) => response.ended });
// @ts-expect-error it may be anything
gate(new Semaphore(1), { name: "streams", until: (response) => response.ended });

// A layer may look at the very types that the function is given.
const looking = <Req, Res, Err>(
  service: Service<Req, Res, Err>,
  asks: Layer<Keeps<Req>>,
  limits: Layer<Adds<QuotaError, Req>>,
  change: (response: Res) => boolean,
) => new ServiceBuilder().layer(mapResponse(change)).layer(timeout(1)).layer(asks).layer(limits).service(service);
expectTypeOf(looking<string, number, NotFound>).returns.toEqualTypeOf<
  Service<string, boolean, NotFound | QuotaError | TimeoutError>
>();
const mixed = <Req, Other, Res, Err>(service: Service<Req, Res, Err>, asks: Layer<Keeps<Other>>) =>
  // @ts-expect-error a Req is no Other
  new ServiceBuilder().layer(asks).service(service);
void mixed;
// A layer that looks at requests or responses has to know them.
const counted = <Req, Res>(service: Service<Req, Res, never>) =>
  // @ts-expect-error they may be anything
  new ServiceBuilder().layer(mapResponse((n: number) => n + 1)).service(service);
void counted;
const tenants = <Req, Res>(handler: (request: Req) => Res) =>
  // @ts-expect-error likewise
  new ServiceBuilder().layer(quota()).serviceFn(handler);
void tenants;

// Kinds of one's own that fit some services only: `TakesOnly` and `GivesOnly` say which.
interface Sums extends Kind {
  readonly "~outer": GivesOnly<number, this["~inner"], Service<RequestOf<this["~inner"]>, bigint, never>, "sums">;
}
declare const sums: Layer<Sums>;
expectTypeOf(sums.wrap(serviceFn((text: string) => text.length))).toEqualTypeOf<Service<string, bigint, never>>();
// @ts-expect-error no number comes out
sums.wrap(serviceFn((text: string) => text));
expectTypeOf<Apply<Sums, Service<string, string>>>().toEqualTypeOf<
  Mismatch<"sums looks at responses, and the service inside gives others", number, string>
>();

// One of two layers, inside another one: requests that only one of them takes do not fit.
const oneOfTwo = new ServiceBuilder()
  .layer(timeout(1))
  .layer(condition ? mapRequest((n: number | string) => Number(n)) : mapRequest((n: number | Date) => Number(n)))
  .serviceFn((n: number) => n);
void oneOfTwo.call(1);
// @ts-expect-error one of them takes no text
void oneOfTwo.call("1");
// @ts-expect-error one of them takes no dates
void oneOfTwo.call(new Date());
