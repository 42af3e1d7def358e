// Other libraries, used by their documentation. The packages are beside this file and not in the workspace, so they are loaded by names
// that the compiler does not follow, and the types of the used parts are declared here.
import type { Call } from "../harness/calls.ts";

type Work<Res = unknown> = (request: number) => Promise<Res>;
type Thunk = () => Promise<unknown>;

/** One of the packages beside this file. */
export const load = <Module>(name: string): Promise<Module> => import(name) as Promise<Module>;

/** The default limit and timeout. */
const max = 10;
const ms = 1_000;

interface Bounds {
  readonly max?: number;
  readonly ms?: number;
}

export async function pLimit(work: Work, concurrency: number = max): Promise<Call> {
  const { default: make } = await load<{ default: (max: number) => (work: Work, request: number) => Promise<unknown> }>(
    "p-limit",
  );
  const limit = make(concurrency);
  return (request) => limit(work, request);
}

export async function fastq(work: Work): Promise<Call> {
  interface Fastq {
    readonly default: { promise(work: Work, max: number): { push: Call } };
  }
  const queue = (await load<Fastq>("fastq")).default.promise(work, max);
  return (request) => queue.push(request);
}

export async function asyncSema(work: Work): Promise<Call> {
  const { Sema } = await load<{ Sema: new (max: number) => { acquire(): Promise<unknown>; release(): void } }>(
    "async-sema",
  );
  const sema = new Sema(max);
  return async (request) => {
    await sema.acquire();
    try {
      return await work(request);
    } finally {
      sema.release();
    }
  };
}

/** A call with a signal, which may leave the line. */
export type LeavingCall = (request: number, signal?: AbortSignal) => Promise<unknown>;

interface PQueue {
  add(work: Thunk, options?: { readonly signal: AbortSignal }): Promise<unknown>;
}

export async function pQueue(work: Work, concurrency: number = max): Promise<LeavingCall> {
  const { default: Queue } = await load<{ default: new (options: object) => PQueue }>("p-queue");
  const queue = new Queue({ concurrency });
  return (request, signal) =>
    signal === undefined ? queue.add(() => work(request)) : queue.add(() => work(request), { signal });
}

interface Cockatiel {
  readonly handleAll: object;
  readonly TimeoutStrategy: { readonly Aggressive: string };
  readonly ExponentialBackoff: new () => object;
  readonly SamplingBreaker: new (options: object) => object;
  circuitBreaker(handled: object, options: object): Policy;
  bulkhead(max: number, queue: number): Policy;
  retry(handled: object, options: object): Policy;
  timeout(ms: number, strategy: string): Policy;
  wrap(...policies: Policy[]): Policy;
}
interface Policy {
  execute(work: Thunk): Promise<unknown>;
}

/** Bulkhead, retry and timeout, or one of them. */
export async function cockatiel(
  work: Work,
  only?: "bulkhead" | "retry" | "timeout",
  options: Bounds = {},
): Promise<Call> {
  const make = await makeCockatiel(options);
  const policy = make(only);
  return (request) => policy.execute(() => work(request));
}

async function makeCockatiel(options: Bounds): Promise<(only?: "bulkhead" | "retry" | "timeout") => Policy> {
  const the = await load<Cockatiel>("cockatiel");
  const policies = {
    bulkhead: () => the.bulkhead(options.max ?? max, Number.POSITIVE_INFINITY),
    retry: () => the.retry(the.handleAll, { maxAttempts: 3, backoff: new the.ExponentialBackoff() }),
    timeout: () => the.timeout(options.ms ?? ms, the.TimeoutStrategy.Aggressive),
  };
  return (only) =>
    only === undefined ? the.wrap(policies.bulkhead(), policies.retry(), policies.timeout()) : policies[only]();
}

/** The breaker alone, at half of the calls in 10 s. */
export async function cockatielBreaker(work: Work): Promise<Call> {
  const the = await load<Cockatiel>("cockatiel");
  const breaker = new the.SamplingBreaker({ threshold: 0.5, duration: 10_000 });
  const policy = the.circuitBreaker(the.handleAll, { halfOpenAfter: 5_000, breaker });
  return (request) => policy.execute(() => work(request));
}

/** Makes one stack after the other. */
export async function idleCockatiel(): Promise<() => unknown> {
  const make = await makeCockatiel({});
  return () => make();
}

interface Mollitia {
  readonly Circuit: new (options: object) => { execute: Call };
  readonly Ratelimit: new (options: object) => object;
  readonly Bulkhead: new (options: object) => object;
  readonly Retry: new (options: object) => object;
  readonly Timeout: new (options: object) => object;
}

/** Rate, bulkhead, retry and timeout, or one of them. */
export async function mollitia(work: Work, only?: "bulkhead" | "timeout"): Promise<Call> {
  const { Circuit, Ratelimit, Bulkhead, Retry, Timeout } = await load<Mollitia>("mollitia");
  const bulkhead = () => new Bulkhead({ concurrentSize: max, queueSize: 1e9, maxQueueWait: 60_000 });
  const timeout = () => new Timeout({ delay: ms });
  const modules = {
    bulkhead: () => [bulkhead()],
    timeout: () => [timeout()],
    all: () => [
      // It remembers every start of the period, so a rate as high as the others' would measure memory.
      new Ratelimit({ limitPeriod: 1, limitForPeriod: 100_000 }),
      bulkhead(),
      new Retry({ attempts: 3, interval: 100 }),
      timeout(),
    ],
  }[only ?? "all"]();
  const circuit = new Circuit({ func: work, options: { modules } });
  return (request) => circuit.execute(request);
}

/** The breaker alone, over the last 100 calls: the one over a span of time iterates all calls of the span each time. */
export async function mollitiaBreaker(work: Work): Promise<Call> {
  interface Module {
    readonly SlidingCountBreaker: new (options: object) => object;
  }
  const { Circuit, SlidingCountBreaker } = await load<Mollitia & Module>("mollitia");
  const breaker = new SlidingCountBreaker({
    slidingWindowSize: 100,
    minimumNumberOfCalls: 20,
    failureRateThreshold: 50,
  });
  const circuit = new Circuit({ func: work, options: { modules: [breaker] } });
  return (request) => circuit.execute(request);
}

type Breaker = new (work: Work, options: object) => { fire: Call };

/** A breaker with a timeout, and with a capacity where one is given. It has no retries and no line. */
export async function opossum(
  work: Work,
  { capacity, ms: timeout = ms }: { readonly capacity?: number; readonly ms?: number } = {},
): Promise<Call> {
  const { default: CircuitBreaker } = await load<{ default: Breaker }>("opossum");
  const breaker = new CircuitBreaker(work, capacity === undefined ? { timeout } : { timeout, capacity });
  return (request) => breaker.fire(request);
}

/** The breaker alone. */
export async function opossumAlone(work: Work): Promise<Call> {
  const { default: CircuitBreaker } = await load<{ default: Breaker }>("opossum");
  const breaker = new CircuitBreaker(work, { timeout: false, volumeThreshold: 20, resetTimeout: 5_000 });
  return (request) => breaker.fire(request);
}

/** Makes one breaker after the other. */
export async function idleOpossum(work: Work): Promise<() => unknown> {
  const { default: CircuitBreaker } = await load<{ default: Breaker }>("opossum");
  return () => new CircuitBreaker(work, { timeout: ms, capacity: max });
}

interface Effects {
  tryPromise(work: Thunk): object;
  timeout(effect: object, ms: number): object;
  retry(effect: object, options: { readonly times: number }): object;
  runPromise(effect: object): Promise<unknown>;
}
interface Semaphores {
  makeUnsafe(permits: number): { withPermits(permits: number): (effect: object) => object };
}

/** Semaphore, retry and timeout, or the semaphore alone. */
export async function effect(work: Work, only?: "semaphore", options: Bounds = {}): Promise<Call> {
  const { Effect, Semaphore } = await load<{ Effect: Effects; Semaphore: Semaphores }>("effect");
  const within = Semaphore.makeUnsafe(options.max ?? max).withPermits(1);
  const alone = (request: number) => Effect.tryPromise(() => work(request));
  const all = (request: number) => Effect.retry(Effect.timeout(alone(request), options.ms ?? ms), { times: 3 });
  const program = only === "semaphore" ? alone : all;
  return (request) => Effect.runPromise(within(program(request)));
}

type Retry = (work: Thunk, options: { readonly retries: number }) => Promise<unknown>;
type Timeout = (promise: Promise<unknown>, options: object) => Promise<unknown>;

export async function pRetry(work: Work): Promise<Call> {
  const { default: retry } = await load<{ default: Retry }>("p-retry");
  return (request) => retry(() => work(request), { retries: 3 });
}

/** Without a message it resolves with undefined at the timeout, and makes no error in advance. */
export async function pTimeout(
  work: Work,
  { message = true, ms: milliseconds = ms }: { readonly message?: boolean; readonly ms?: number } = {},
): Promise<Call> {
  const { default: timeout } = await load<{ default: Timeout }>("p-timeout");
  return message
    ? (request) => timeout(work(request), { milliseconds })
    : (request) => timeout(work(request), { milliseconds, message: false });
}

/** Limit, retry and timeout. */
export async function pAll(work: Work, options: Bounds = {}): Promise<Call> {
  return pLimit(await pRetry(await pTimeout(work, { ms: options.ms ?? ms })), options.max);
}

/** A high rate for all calls: no call is refused or waits. */
export const highRate: { readonly limit: number; readonly interval: number } = { limit: 1e9, interval: 1_000 };

export async function pThrottle(work: Work): Promise<Call> {
  const { default: make } = await load<{ default: (options: object) => (work: Work) => Call }>("p-throttle");
  return make(highRate)(work);
}

/** @param key returns the key of a call, with one rate for each; default: one rate for all */
export async function rateLimiterFlexible(work: Work, key: (request: number) => string = () => "all"): Promise<Call> {
  interface Flexible {
    readonly RateLimiterMemory: new (options: object) => { consume(key: string): Promise<unknown> };
  }
  const { RateLimiterMemory } = await load<Flexible>("rate-limiter-flexible");
  const rate = new RateLimiterMemory({ points: highRate.limit, duration: 1 });
  return async (request) => {
    await rate.consume(key(request));
    return work(request);
  };
}

interface Limiter {
  readonly RateLimiter: new (options: object) => { removeTokens(count: number): Promise<unknown> };
}

/** A rate for each of so many keys. */
export async function limiterOfKeys(work: Work, keys: number): Promise<Call> {
  const { RateLimiter } = await load<Limiter>("limiter");
  const make = () => new RateLimiter({ tokensPerInterval: highRate.limit, interval: highRate.interval });
  const rates = new Map(Array.from({ length: keys }, (_, key) => [key, make()]));
  return async (request) => {
    await rates.get(request % keys)!.removeTokens(1);
    return work(request);
  };
}

export async function limiter(work: Work): Promise<Call> {
  const { RateLimiter } = await load<Limiter>("limiter");
  const rate = new RateLimiter({ tokensPerInterval: highRate.limit, interval: highRate.interval });
  return async (request) => {
    await rate.removeTokens(1);
    return work(request);
  };
}

/** Keeps answers in its memory for `ttl` ms; with 0 concurrent callers of one key share one call, and nothing is kept. */
export async function asyncCacheDedupe(work: Work, ttl: number): Promise<Call> {
  interface Dedupe {
    readonly createCache: (options: object) => { define(name: string, work: Work): void; ask: Call };
  }
  const { createCache } = await load<Dedupe>("async-cache-dedupe");
  const cache = createCache({ ttl: ttl / 1_000, storage: { type: "memory", options: { size: 10_000 } } });
  cache.define("ask", work);
  return (request) => cache.ask(request);
}

/** Keeps answers for ever; with `cache: false` concurrent callers of one key share one call, and nothing is kept. */
export async function pMemoize(work: Work, options: { readonly cache?: false } = {}): Promise<Call> {
  const { default: memoize } = await load<{ default: (work: Work, options: object) => Call }>("p-memoize");
  return memoize(work, options);
}

/**
 * Answers are kept for `ttl` ms.
 *
 * @param ttlResolution how long it uses one reading of the clock: ms; default 1, by a timer, so that time stands still until the event loop
 *   turns
 */
export async function lruCache(work: Work, ttl: number, ttlResolution?: number): Promise<Call> {
  interface Lru {
    readonly LRUCache: new (options: object) => { fetch: Call };
  }
  const { LRUCache } = await load<Lru>("lru-cache");
  const cache = new LRUCache({ max: 10_000, ttl, ttlResolution, fetchMethod: work });
  return (request) => cache.fetch(request);
}

/** A span of OpenTelemetry's API where no SDK is installed. */
export async function otelNoop(work: Work): Promise<Call> {
  interface Span {
    end(): void;
  }
  interface Otel {
    readonly trace: { getTracer(name: string): { startActiveSpan<T>(name: string, run: (span: Span) => T): T } };
  }
  const tracer = (await load<Otel>("@opentelemetry/api")).trace.getTracer("benchmark");
  return (request) =>
    tracer.startActiveSpan("call", (span) =>
      work(request).finally(() => {
        span.end();
      }),
    );
}
