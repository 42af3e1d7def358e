// A consumer's program. The packed-install test compiles it against the packed tarballs, with TypeScript 5.4 and the newest, as an ES
// module and as CommonJS, and runs the results on the system's Node and on Node 24. It composes every package, names the resulting types,
// and checks the behaviour.
import { AdaptiveLimit, adaptiveLimit, type AdaptiveLimitLayer, vegas } from "@sluice/adaptive-limit";
import { buffer, type BufferClosedError, isBufferClosedError } from "@sluice/buffer";
import { cache, coalesce } from "@sluice/cache";
import { circuitBreaker, type CircuitOpenError } from "@sluice/circuit-breaker";
import {
  type Adds,
  type FailureOf,
  gate,
  middleware,
  OverloadedError,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { describe } from "@sluice/describe";
import { keyed, type KeyedLayer } from "@sluice/keyed";
import { concurrencyLimit, rateLimit, TokenBucket } from "@sluice/limit";
import { hedge } from "@sluice/hedge";
import {
  answerFailures,
  guard,
  isReady,
  limitBody,
  rateLimitFields,
  toFetchHandler,
  untilBodyEnds,
} from "@sluice/http";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { meter, meters, toDiagnosticsChannel } from "@sluice/meter";
import { priorityLine } from "@sluice/priority";
import { activeSpan, meterProducer, observeMeters, span } from "@sluice/otel";
import { exponentialBackoff, isIdempotent, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { checkContract } from "@sluice/testing/contract";
import { throttle } from "@sluice/throttle";
import { isTimeoutError, timeout, TimeoutError } from "@sluice/timeout";
import { currentRequestId, currentTraceparent, trace } from "@sluice/trace";
import {
  andThen,
  callAll,
  either,
  fallback,
  filter,
  FilteredError,
  mapRequest,
  mapResponse,
  optional,
  recover,
  type RejectedWith,
} from "@sluice/util";
import { boxed, type BoxService, RouteNotFoundError, routingTable } from "@sluice/util-box";

/** Compiles only where both types are the same, and neither is `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

function expect(what: string, received: unknown, expected: unknown): void {
  if (received !== expected) throw new Error(`${what} is ${String(received)} and not ${String(expected)}`);
}

// The types are complete, through the packed declarations.
const lookup = new ServiceBuilder()
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(concurrencyLimit(64))
  .layer(timeout(100))
  .layer(mapRequest((name: string) => name.length))
  .serviceFn(async (n: number) => n > 3);
same<typeof lookup, Service<string, boolean | "busy", TimeoutError>>(true);
// @ts-expect-error a time-out is nobody's here
const edge: Service<string, unknown, never> = lookup;
void edge;
// @ts-expect-error a name's length is a number
new ServiceBuilder().layer(mapRequest((name: string) => name.length)).serviceFn((date: Date) => date);

// The most common stack: only the request is annotated.
const fetching = new ServiceBuilder()
  .layer(
    retry(
      retryPolicy<string, Response>({
        maxRetries: 3,
        retryIf: ({ outcome }) => outcome.status === "fulfilled" && outcome.value.status >= 500,
      }),
    ),
  )
  .serviceFn(async (url: string, { signal }) => fetch(url, { signal: signal ?? null }));
same<typeof fetching, Service<string, Response, never>>(true);
const passing = new ServiceBuilder()
  .layer(mapResponse((response: Response) => response.status))
  .serviceFn((url: string, options) => fetch(url, { ...options, method: "HEAD" }));
same<typeof passing, Service<string, number, never>>(true);

// And one function for all services.
function guarded<Req, Res, Err>(service: Service<Req, Res, Err>): Service<Req, Res, Err | TimeoutError> {
  return new ServiceBuilder()
    .layer(retry(retryPolicy({ maxRetries: 1 })))
    .layer(concurrencyLimit(64))
    .layer(timeout(100))
    .service(service);
}
same<FailureOf<ReturnType<typeof guarded<string, number, Flaky>>>, TimeoutError | Flaky>(true);

/** The layers of one of several endpoints. */
function shielded<Req, Res, Err>(
  service: Service<Req, Res, Err>,
): Service<Req, Res, Err | OverloadedError | CircuitOpenError | TimeoutError> {
  return new ServiceBuilder()
    .layer(throttle({ k: 2 }))
    .layer(hedge({ delay: 50 }))
    .layer(circuitBreaker({ breakFor: exponentialBackoff({ base: 5_000, max: 60_000, jitter: "equal" }) }))
    .layer(timeout(100))
    .service(service);
}
same<
  FailureOf<ReturnType<typeof shielded<string, number, Flaky>>>,
  OverloadedError | CircuitOpenError | TimeoutError | Flaky
>(true);

class Flaky extends Error {
  readonly code = "FLAKY";
}

class QuotaError extends Error {
  readonly code = "QUOTA";
}

// An edge answers all failures, or does not compile.
async function web(): Promise<void> {
  const rate = rateLimit({ limit: 1, interval: 60_000 });
  const stack = new ServiceBuilder().layer(rateLimitFields({ rate })).layer(answerFailures()).layer(rate);
  const limited = stack
    .layer(untilBodyEnds())
    .layer(limitBody(10))
    .layer(timeout(100))
    .serviceFn(async (request: Request) => new Response(await request.text()));
  same<typeof limited, Service<Request, Response, never>>(true);
  const handler = toFetchHandler(limited);
  const post = (body: string) => handler(new Request("http://test/", { method: "POST", body }));
  expect("an answer", await (await post("hello")).text(), "hello");
  expect("whether there is room", isReady(limited), true);
  const refused = await post("again");
  expect("a refusal", refused.status, 429);
  expect("what is left", refused.headers.get("ratelimit"), `"default";r=0;t=${refused.headers.get("retry-after")}`);

  const quota = middleware<Adds<QuotaError>>("quota", () => Promise.reject(new QuotaError()));
  const own = new ServiceBuilder().layer(quota).serviceFn(async (request: Request) => new Response(request.url));
  // @ts-expect-error QUOTA is not answered
  toFetchHandler(own);
  // @ts-expect-error QUOTA is not answered
  const unanswered: Service<Request, Response, never> = new ServiceBuilder().layer(answerFailures()).service(own);
  void unanswered;
  const answered = toFetchHandler(own, {
    answers: {
      QUOTA: (error, request) => {
        same<typeof error, QuotaError>(true);
        return { status: 402, instance: request.url };
      },
    },
  });
  expect("one's own", (await answered(new Request("http://test/"))).status, 402);
  const withEnv = guard(
    new ServiceBuilder().layer(concurrencyLimit(1)),
    (request: Request, { signal }, env: { readonly name: string }) =>
      new Response(`${env.name} ${request.method} ${String(signal?.aborted)}`),
  );
  expect("with an env", await (await withEnv(new Request("http://test/"), { name: "ann" })).text(), "ann GET false");
}

interface Ask {
  readonly path: string;
  readonly method: string;
}

async function permits(): Promise<void> {
  const one = new ServiceBuilder()
    .layer(gate(new Semaphore(1), { name: "oneAtATime" }))
    .layer(middleware("trimmed", (name: string, next, options) => next(name.trim(), options)))
    .serviceFn((name: string) => name.length);
  same<typeof one, Service<string, number, never>>(true);
  {
    using permit = await one.ready();
    expect("a second permit", one.tryReady(), undefined);
    void permit;
  }
  // The end of the block released the permit.
  expect("the answer", await one.call(" sluice "), 6);
}

async function gateway(): Promise<void> {
  const clock = new VirtualClock();
  const [backend, handle] = mockService<string, number, Flaky>();
  const limit = concurrencyLimit(1, { clock });
  const queue = buffer({ capacity: 1, clock });
  const rate = rateLimit({ limit: 10, interval: 1_000, clock });
  const retries = retry(
    retryPolicy<Ask>({
      maxRetries: 1,
      retryIf: ({ request }) => isIdempotent(request.method),
      backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }),
      budget: retryBudget({ clock }),
    }),
    { clock },
  );
  const route = new ServiceBuilder()
    .layer(queue)
    .layer(filter((ask: Ask) => ask.path !== "/work/secret"))
    .layer(retries)
    .layer(rate)
    .layer(limit)
    .layer(optional(timeout({ call: 100, clock })))
    .layer(
      either(
        true,
        mapRequest(({ path }: Ask) => path),
        mapRequest(({ method }: Ask) => method),
      ),
    )
    .layer(
      andThen(
        serviceFn((size: number) => `${size} ${currentRequestId() ?? "nobody"}`),
        { reserve: "late" },
      ),
    )
    .service(backend);
  same<FailureOf<typeof route>, BufferClosedError | FilteredError | OverloadedError | TimeoutError | Flaky>(true);
  const routes = new Map<string, BoxService<Ask, string, FailureOf<typeof route>>>([["work", boxed(route)]]);
  const table = routingTable({ key: ({ path }: Ask) => path.split("/")[1] ?? "", routes });
  const service = new ServiceBuilder()
    .layer(trace({ generateId: () => "r1", clock }))
    .layer(recover(RouteNotFoundError, () => 404 as const))
    .layer(recover(FilteredError, () => 403 as const))
    .layer(recover(OverloadedError, () => 503 as const))
    .layer(recover(isBufferClosedError, () => 503 as const))
    .layer(recover(TimeoutError, () => 504 as const))
    .layer(loadShed())
    .layer(mapResponse((answer: string) => `ok ${answer}` as const))
    .service(table);
  // One failure is left: that of the work.
  same<typeof service, Service<Ask, 404 | 403 | 503 | 504 | `ok ${string}`, Flaky>>(true);

  const ask = { path: "/work/a", method: "GET" };
  const first = service.call(ask);
  const second = service.call(ask);
  expect("the third", await service.call(ask), 503);
  expect("a path that is not there", await service.call({ ...ask, path: "/none" }), 404);
  expect("running", limit.active, 1);
  (await handle.nextRequest()).fail(new Flaky());
  (await handle.nextRequest()).respond(2);
  expect("the second", await second, "ok 2 r1");
  await clock.advance(10);
  (await handle.nextRequest()).respond(1);
  expect("the first, tried again", await first, "ok 1 r1");
  expect("retries", retries.retries, 1);
  expect("what is filtered", await service.call({ ...ask, path: "/work/secret" }), 403);

  const late = service.call(ask);
  const hung = await handle.nextRequest();
  await clock.advance(100);
  expect("what hangs", await late, 504);
  expect("still running", limit.active, 1);
  expect("told by its signal", isTimeoutError(hung.options.signal?.reason), true);
  hung.respond(0);
  await queue.drain();
  expect("after the drain", await service.call(ask), 503);
  expect("timers armed", clock.pending, 0);
  expect("an id outside of any call", currentRequestId() ?? currentTraceparent(), undefined);
}

async function outage(): Promise<void> {
  const clock = new VirtualClock();
  const breaker = circuitBreaker<string, number>({
    consecutive: 1,
    classify: (outcome) => (outcome.status === "fulfilled" && outcome.value >= 500 ? "failure" : undefined),
    clock,
  });
  const service = new ServiceBuilder()
    .layer(
      fallback({
        to: serviceFn((_path: string) => "stale" as const),
        when: (outcome): outcome is RejectedWith<CircuitOpenError> => outcome.status === "rejected",
      }),
    )
    .layer(breaker)
    .serviceFn((path: string) => path.length * 100);
  same<typeof service, Service<string, number | "stale", never>>(true);
  expect("a good answer", await service.call("1"), 100);
  expect("a bad one", await service.call("12345"), 500);
  expect("the circuit", breaker.state, "open");
  expect("while it is open", await service.call("1"), "stale");
  await clock.advance(5_000);
  expect("the probe", await shielded(service).call("1"), 100);
  expect("the circuit, then", breaker.state, "closed");
}

async function several(): Promise<void> {
  const doubled = new ServiceBuilder().layer(concurrencyLimit(2)).serviceFn(async (n: number) => n * 2);
  let sum = 0;
  for await (const each of callAll(doubled, [1, 2, 3])) {
    same<typeof each, number>(true);
    sum += each;
  }
  expect("the sum", sum, 12);
}

async function seen(): Promise<void> {
  const point = meter("point");
  const counted = new ServiceBuilder()
    .layer(point)
    .layer(concurrencyLimit(1))
    .serviceFn(async (n: number) => n);
  same<typeof counted, Service<number, number, never>>(true);
  {
    using channel = toDiagnosticsChannel();
    await counted.call(1);
    void channel;
  }
  const { calls, duration } = point.snapshot();
  expect("counted", calls.ok, 1);
  expect("timed", duration.quantile(1), duration.max);
  expect("all meters", [...meters()].includes(point), true);
  {
    using producer = meterProducer({ meters });
    const { resourceMetrics, errors } = await producer.collect();
    expect("exported", resourceMetrics.scopeMetrics.length - errors.length, 1);
    using observed = observeMeters({ durations: true });
    void observed;
  }
  const spanned = new ServiceBuilder()
    .layer(trace({ span: activeSpan }))
    .layer(span("order", { kind: "client", attributes: (n: number) => ({ n }) }))
    .serviceFn((n: number) => n + 1);
  expect("in a span", await spanned.call(1), 2);
  expect(
    "the order",
    describe(counted)
      .warnings.map(({ rule }) => rule)
      .join(),
    "unbounded-line",
  );
}

async function tenants(): Promise<void> {
  const clock = new VirtualClock();
  const line = priorityLine({ priority: ({ method }: Ask) => (method === "GET" ? 1 : 0), codel: true, clock });
  const limit = adaptiveLimit(vegas({ initial: 1 }), { line, clock });
  same<typeof limit, AdaptiveLimitLayer<Ask, OverloadedError>>(true);
  const rates = keyed({
    key: ({ path }: Ask) => path,
    gate: () => new TokenBucket({ limit: 3, interval: 1_000, clock }),
  });
  same<typeof rates, KeyedLayer<Ask, string, OverloadedError, TokenBucket>>(true);
  const limits = keyed({
    key: ({ path }: Ask) => path,
    gate: (path) => {
      same<typeof path, string | undefined>(true);
      return new AdaptiveLimit(vegas(), { clock });
    },
    whenFull: "share",
  });
  const service = new ServiceBuilder()
    .layer(rates)
    .layer(limits)
    .layer(limit)
    .serviceFn(async ({ path }: Ask) => path.length);
  same<typeof service, Service<Ask, number, OverloadedError>>(true);
  const calls = ["GET", "GET", "PUT"].map((method) => service.call({ path: "/a", method }));
  expect("in line", line.levels.map(({ waiting }) => waiting).join(), "1,1,0,0");
  expect("the answers", (await Promise.all(calls)).join(), "2,2,2");
  expect("the rate", service.tryReady({ path: "/a", method: "GET" }), undefined);
  expect("another's", service.tryReady({ path: "/b", method: "GET" }) === undefined, false);
  expect("the counters of a key's gate", limits.get("/a")?.active, 0);
}

/** A library's own stack, generic over the service. */
function resilient<Req, Res, Err>(
  service: Service<Req, Res, Err>,
  key: (request: Req) => string,
  isGood: (response: Res) => boolean,
): Service<Req, Res, Err | OverloadedError | TimeoutError | CircuitOpenError | FilteredError> {
  return new ServiceBuilder()
    .layer(loadShed())
    .layer(timeout(1_000))
    .layer(mapRequest((request: Req) => request))
    .layer(cache({ key, ttl: 60_000, cacheIf: isGood }))
    .layer(coalesce({ key }))
    .layer(keyed({ key, gate: () => new Semaphore(2) }))
    .layer(
      retry(
        retryPolicy<Req, Res>({
          maxRetries: 1,
          retryIf: ({ outcome }) => outcome.status === "rejected" || !isGood(outcome.value),
        }),
      ),
    )
    .layer(hedge<Req>({ delay: 500, hedgeIf: (request) => key(request) !== "", cloneRequest: (request) => request }))
    .layer(
      circuitBreaker<Req, Res>({
        classify: (outcome) => (outcome.status === "fulfilled" && isGood(outcome.value) ? "success" : "failure"),
      }),
    )
    .layer(filter((request: Req) => key(request) !== ""))
    .service(service);
}

async function generic(): Promise<void> {
  const twice = resilient(
    serviceFn(async (n: number) => n * 2),
    String,
    (product) => product >= 0,
  );
  same<typeof twice, Service<number, number, OverloadedError | TimeoutError | CircuitOpenError | FilteredError>>(true);
  expect("a generic stack", await twice.call(21), 42);
}

async function main(): Promise<void> {
  expect("the lookup", await lookup.call("sluice"), true);
  await permits();
  await gateway();
  await several();
  await seen();
  await tenants();
  await generic();
  await outage();
  await web();
  const report = await checkContract(({ clock }) => concurrencyLimit(2, { clock }), { runs: 50, seed: 1 });
  report.assert();
  expect("a guard of another package", isOverloadedError(new OverloadedError("limit")), true);
}

main().catch((error: unknown) => {
  // Unhandled, so that the process ends with a failure.
  void Promise.reject(error);
});
