import { buffer, type BufferOptions } from "@sluice/buffer";
import {
  type About,
  type AnyService,
  gate,
  type GateOptions,
  identity,
  layerFn,
  madeOf,
  middleware,
  Semaphore,
  type SemaphoreOptions,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { Line } from "@sluice/core/kit";
import { detectLeaks, type LeakOptions } from "@sluice/core/leaks";
import {
  concurrencyLimit,
  type ConcurrencyLimitOptions,
  FixedWindow,
  rateLimit,
  type RateLimitOptions,
  type RateOptions,
  SlidingWindow,
  TokenBucket,
  type TokenBucketOptions,
} from "@sluice/limit";
import {
  exponentialBackoff,
  type ExponentialBackoffOptions,
  retry,
  retryBudget,
  type RetryBudgetOptions,
  type RetryOptions,
  type RetryPolicy,
  retryPolicy,
  type RetryPolicyOptions,
} from "@sluice/retry";
import { loadShed, type LoadShedOptions } from "@sluice/load-shed";
import { mockService, VirtualClock } from "@sluice/testing";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { timeout, type TimeoutOptions } from "@sluice/timeout";
import { trace, type TraceOptions } from "@sluice/trace";
import {
  andThen,
  type AndThenOptions,
  callAll,
  type CallAllOptions,
  either as eitherLayer,
  filter,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional as optionalLayer,
  recover,
} from "@sluice/util";
import { boxed, boxLayer, routingTable, type RoutingTableOptions, steer } from "@sluice/util-box";
import {
  aBoolean,
  aFunction,
  aName,
  anArray,
  anObject,
  anything,
  aString,
  count,
  delay,
  type DocumentedRange,
  either,
  finite,
  longest,
  number,
  oneOf,
  only,
  optional,
  span,
  withMethods,
} from "./documented-range.ts";
import { revoked } from "./odd-values.ts";

/** An option of a public function, and what it is documented to be. */
export interface Row {
  /** The package and the function: `"limit.rateLimit"`. */
  readonly of: string;
  /** What errors call it. */
  readonly option: string;
  readonly range: DocumentedRange;
  /** Gives it to the function: a throw, or a promise that rejects, is a refusal. */
  readonly give: (value: never) => unknown;
  /** What is something else when it is given there: options instead of a time. */
  readonly except?: (value: unknown) => boolean;
}

/** A function with an object of options. */
export interface OptionsRow {
  readonly of: string;
  /** All that must be there, at least. */
  readonly base: object;
  /** Gives it to the function. */
  readonly give: (options: never) => unknown;
  readonly ranges: Readonly<Record<string, DocumentedRange>>;
  /** What errors put in front of the names of its members, where it is no object of options; default nothing. */
  readonly prefix?: string;
  /** Whether there need not be such an object. Default: where each option may be left out. */
  readonly mayBeLeftOut?: boolean;
  /** What it takes instead of an object, under a name of its own. */
  readonly instead?: { readonly option: string; readonly range: DocumentedRange };
}

/** All options that there are: one without a range does not compile. */
type Every<Options> = Readonly<Record<keyof Options, DocumentedRange>>;
type AnyRoutingTableOptions = RoutingTableOptions<unknown, AnyService, AnyService>;

const run = (): number => 1;
const service = serviceFn(run);
const layer = identity();
const semaphore = new Semaphore(1);

const aClock = withMethods(new VirtualClock(), "now", "setTimeout", "clearTimeout");
const aService = withMethods(service, "tryReady", "ready", "call");
const aLayer = withMethods(layer, "wrap");
const aLine = only([(serve: () => void) => new Line(serve)], [5, "x", null, {}]);
const slots = number({ min: 0, whole: true, infinity: true });
const ratePerInterval = { limit: 5, interval: 1_000 };
const rate = {
  limit: count,
  interval: span,
  clock: optional(aClock),
  label: optional(aName),
} satisfies Every<RateOptions>;

/** Accepted options make `make` throw, long before anything is checked. */
class Accepted extends Error {}

async function checking(options: unknown): Promise<void> {
  const make = (): never => {
    throw new Accepted();
  };
  await checkContract(make, options as object).catch((error: unknown) => {
    if (!(error instanceof Accepted)) throw error;
  });
}

/** One row a parameter. */
const parameters: readonly Row[] = [
  {
    of: "core.gate",
    option: "gate",
    range: withMethods(semaphore, "tryAcquire", "acquire"),
    give: (policy) => gate(policy, { name: "x" }),
  },
  { of: "core.Semaphore", option: "max", range: slots, give: (max) => new Semaphore(max) },
  { of: "core.Semaphore", option: "max", range: slots, give: (max) => Object.assign(new Semaphore(1), { max }) },
  { of: "core.layerFn", option: "name", range: aName, give: (name) => layerFn(name, (inner) => inner) },
  { of: "core.layerFn", option: "wrap", range: aFunction, give: (wrap) => layerFn("x", wrap) },
  {
    of: "core.layerFn",
    option: "state",
    range: optional(anObject),
    give: (state) => layerFn("x", (inner) => inner, state),
  },
  {
    of: "core.layerFn",
    option: "the service inside",
    range: aService,
    give: (inner) => layerFn("layerFn", (given) => given).wrap(inner),
  },
  {
    of: "core.layerFn",
    option: "what wrap answers with",
    range: aService,
    give: (outer) => layerFn("layerFn", () => outer).wrap(service),
  },
  {
    of: "core.madeOf",
    option: "service",
    range: aService,
    give: (made) => madeOf(made, { name: "x", branches: () => [] }),
  },
  { of: "core.madeOf", option: "parts", range: anObject, give: (made) => madeOf(service, made) },
  { of: "core.middleware", option: "name", range: aName, give: (name) => middleware(name, run) },
  { of: "core.middleware", option: "handler", range: aFunction, give: (handler) => middleware("x", handler) },
  { of: "core.serviceFn", option: "handler", range: aFunction, give: (handler) => serviceFn(handler) },
  {
    of: "core.ServiceBuilder",
    option: "layer",
    range: optional(aLayer),
    give: (each) => new ServiceBuilder().layer(each),
  },
  {
    of: "core.ServiceBuilder",
    option: "service",
    range: aService,
    give: (inner) => new ServiceBuilder().service(inner),
  },
  {
    of: "limit.concurrencyLimit",
    option: "max",
    range: either(slots, withMethods(semaphore, "tryAcquire", "acquire")),
    give: (max) => concurrencyLimit(max),
  },
  {
    of: "limit.concurrencyLimit",
    option: "max",
    range: slots,
    give: (max) => Object.assign(concurrencyLimit(1), { max }),
  },
  {
    of: "retry.retry",
    option: "policy",
    range: withMethods({ decide: run }, "decide"),
    give: (policy) => retry(policy),
  },
  { of: "timeout.timeout", option: "ms", range: span, give: timeout, except: isObject },
  { of: "util.mapRequest", option: "map", range: aFunction, give: (map) => mapRequest(map) },
  { of: "util.mapResponse", option: "map", range: aFunction, give: (map) => mapResponse(map) },
  { of: "util.mapFailure", option: "map", range: aFunction, give: (map) => mapFailure(map) },
  { of: "util.mapResult", option: "map", range: aFunction, give: (map) => mapResult(map) },
  { of: "util.recover", option: "failure", range: aFunction, give: (failure) => recover(failure, run) },
  { of: "util.recover", option: "answer", range: aFunction, give: (answer) => recover(Error, answer) },
  { of: "util.filter", option: "predicate", range: aFunction, give: (predicate) => filter(predicate) },
  { of: "util.andThen", option: "second", range: aService, give: (second) => andThen(second) },
  {
    of: "util.either",
    option: "condition",
    range: aBoolean,
    give: (condition) => eitherLayer(condition, layer, layer),
  },
  { of: "util.either", option: "a", range: aLayer, give: (a) => eitherLayer(false, a, layer) },
  { of: "util.either", option: "b", range: aLayer, give: (b) => eitherLayer(true, layer, b) },
  { of: "util.optional", option: "layer", range: optional(aLayer), give: (each) => optionalLayer(each) },
  { of: "util.callAll", option: "service", range: aService, give: (each) => callAll(each, []) },
  { of: "util.callAll", option: "requests", range: iterables(), give: (requests) => callAll(service, requests) },
  { of: "util-box.boxed", option: "service", range: aService, give: (each) => boxed(each) },
  { of: "util-box.boxLayer", option: "layer", range: aLayer, give: (each) => boxLayer(each) },
  { of: "util-box.steer", option: "services", range: listsOfServices(), give: (services) => steer(services, run) },
  { of: "util-box.steer", option: "pick", range: aFunction, give: (pick) => steer([service], pick) },
  { of: "testing.mockService", option: "allow", range: slots, give: (allowed) => mockService()[1].allow(allowed) },
  { of: "testing.VirtualClock", option: "start", range: optional(finite), give: (start) => new VirtualClock(start) },
  { of: "testing.VirtualClock", option: "ms", range: number({ min: 0 }), give: (ms) => new VirtualClock().advance(ms) },
  {
    of: "testing.VirtualClock",
    option: "ms",
    range: number({ min: 0 }),
    give: (ms) => new VirtualClock().advanceAsync(ms),
  },
  { of: "testing.VirtualClock", option: "ms", range: finite, give: (ms) => new VirtualClock().jump(ms) },
  { of: "testing.VirtualClock", option: "ms", range: finite, give: (ms) => new VirtualClock().setTimeout(run, ms) },
  {
    of: "testing.VirtualClock",
    option: "run",
    range: aFunction,
    give: (each) => new VirtualClock().setTimeout(each, 1),
  },
  { of: "testing.checkContract", option: "make", range: only([]), give: checkContract, except: isFunction },
];

/** One entry a function that takes an object of options; one line an option. */
export const optionObjects: readonly OptionsRow[] = [
  {
    of: "core.gate",
    base: { name: "x" },
    give: (options) => gate(semaphore, options),
    ranges: {
      name: aName,
      until: optional(aFunction),
      label: optional(aName),
      traits: optional(anArray(0)),
      facts: optional(anObject),
    } satisfies Every<GateOptions>,
  },
  {
    of: "core.gate",
    prefix: "gate.",
    mayBeLeftOut: false,
    base: { tryAcquire: run, acquire: run },
    give: (policy) => gate(policy, { name: "x" }),
    ranges: {
      retryAfter: optional(aFunction),
      admitted: optional(aFunction),
      holds: optional(oneOf("work", "answer", "start")),
    },
  },
  ...(["core.layerFn", "core.middleware"] as const).map((of) => ({
    of,
    base: {},
    give: (about: About) =>
      of === "core.layerFn" ? layerFn("x", (inner) => inner, undefined, about) : middleware("x", run, about),
    ranges: { label: optional(aName), traits: optional(anArray(0)), facts: optional(anObject) } satisfies Every<About>,
  })),
  {
    of: "load-shed.loadShed",
    base: {},
    give: (options) => loadShed(options),
    ranges: {
      wait: optional(delay),
      retryAfter: optional(delay),
      clock: optional(aClock),
      label: optional(aName),
    } satisfies Every<LoadShedOptions>,
  },
  {
    of: "core.Semaphore",
    base: {},
    give: (options) => new Semaphore(1, options),
    ranges: { clock: optional(aClock), line: optional(aLine) } satisfies Every<SemaphoreOptions>,
  },
  {
    of: "core.ServiceBuilder",
    mayBeLeftOut: true,
    prefix: "layer.",
    base: { name: "x", wrap: run },
    give: (each) => new ServiceBuilder().layer(each),
    ranges: { name: aName },
  },
  {
    of: "limit.concurrencyLimit",
    base: {},
    give: (options) => concurrencyLimit(1, options),
    ranges: {
      until: optional(aFunction),
      clock: optional(aClock),
      line: optional(aLine),
      label: optional(aName),
    } satisfies Every<ConcurrencyLimitOptions>,
  },
  {
    of: "limit.concurrencyLimit",
    base: {},
    give: (options) => concurrencyLimit(semaphore, options),
    ranges: {
      until: optional(aFunction),
      clock: optional(only([])),
      line: optional(only([])),
      label: optional(aName),
    } satisfies Every<ConcurrencyLimitOptions>,
  },
  {
    of: "limit.rateLimit",
    base: ratePerInterval,
    give: rateLimit,
    ranges: {
      ...rate,
      // In a window there is no other.
      burst: optional(oneOf(5)),
      algorithm: optional(oneOf("sliding-window", "token-bucket", "fixed-window")),
    } satisfies Every<RateLimitOptions>,
  },
  {
    of: "limit.rateLimit",
    base: { ...ratePerInterval, algorithm: "token-bucket" },
    give: rateLimit,
    ranges: { ...rate, burst: optional(count) },
  },
  {
    of: "limit.rateLimit",
    base: { ...ratePerInterval, algorithm: "fixed-window" },
    give: rateLimit,
    ranges: { ...rate, burst: optional(oneOf(5)) },
  },
  {
    of: "limit.TokenBucket",
    base: ratePerInterval,
    give: (options) => new TokenBucket(options),
    ranges: { ...rate, burst: optional(count) } satisfies Every<TokenBucketOptions>,
  },
  { of: "limit.FixedWindow", base: ratePerInterval, give: (options) => new FixedWindow(options), ranges: rate },
  { of: "limit.SlidingWindow", base: ratePerInterval, give: (options) => new SlidingWindow(options), ranges: rate },
  {
    of: "retry.retry",
    base: {},
    give: (options) => retry({ decide: () => undefined }, options),
    ranges: { clock: optional(aClock), label: optional(aName) } satisfies Every<RetryOptions>,
  },
  {
    of: "retry.retry",
    prefix: "policy.",
    mayBeLeftOut: false,
    base: { decide: run },
    give: (policy) => retry(policy),
    ranges: {
      cloneRequest: optional(aFunction),
      start: optional(aFunction),
      timed: optional(aBoolean),
      onlyFailures: optional(aBoolean),
      budgeted: optional(aBoolean),
    } satisfies Every<Omit<RetryPolicy, "decide">>,
  },
  {
    of: "retry.retryPolicy",
    base: { maxRetries: 1 },
    give: retryPolicy,
    ranges: {
      maxRetries: slots,
      retryIf: optional(aFunction),
      backoff: optional(withMethods(exponentialBackoff({ base: 0, max: 1 }), "next")),
      budget: optional(withMethods(retryBudget(), "deposit", "withdraw")),
      retryAfter: optional(aFunction),
    } satisfies Every<RetryPolicyOptions>,
  },
  {
    of: "retry.exponentialBackoff",
    base: { base: 100, max: 200 },
    give: exponentialBackoff,
    ranges: {
      max: number({ min: 100, max: longest }),
      factor: optional(number({ min: 1 })),
      jitter: optional(oneOf("full", "equal", "decorrelated", "none")),
      random: optional(aFunction),
    } satisfies Every<Omit<ExponentialBackoffOptions, "base">>,
  },
  {
    of: "retry.exponentialBackoff",
    base: { base: 0, max: longest },
    give: exponentialBackoff,
    ranges: { base: delay, max: delay } satisfies Every<Pick<ExponentialBackoffOptions, "base" | "max">>,
  },
  {
    of: "retry.retryBudget",
    base: {},
    give: retryBudget,
    ranges: {
      ttl: optional(span),
      minPerSecond: optional(number({ min: 0 })),
      ratio: optional(number({ min: 0, max: 1_000 })),
      clock: optional(aClock),
    } satisfies Every<RetryBudgetOptions>,
  },
  {
    of: "core/leaks.detectLeaks",
    base: {},
    give: (options) => {
      detectLeaks(options)();
    },
    ranges: { report: optional(aFunction) } satisfies Every<LeakOptions>,
  },
  {
    of: "buffer.buffer",
    base: { capacity: 1 },
    give: buffer,
    ranges: {
      capacity: number({ min: 1, whole: true }),
      clock: optional(aClock),
      label: optional(aName),
    } satisfies Every<BufferOptions>,
  },
  {
    of: "timeout.timeout",
    // One of them must be there.
    base: { deadline: true },
    mayBeLeftOut: false,
    instead: { option: "ms", range: span },
    give: timeout,
    ranges: {
      ready: optional(span),
      call: optional(span),
      total: optional(span),
      clock: optional(aClock),
    } satisfies Every<Omit<TimeoutOptions, "deadline">>,
  },
  {
    of: "timeout.timeout",
    base: { call: 100 },
    mayBeLeftOut: false,
    instead: { option: "ms", range: span },
    give: timeout,
    ranges: {
      deadline: optional(oneOf(true)),
      ready: optional(span),
      total: optional(span),
      clock: optional(aClock),
    } satisfies Every<Omit<TimeoutOptions, "call">>,
  },
  {
    of: "trace.trace",
    base: {},
    give: trace,
    ranges: {
      logger: optional(withMethods({ info: run, warn: run }, "info", "warn")),
      level: optional(aString),
      generateId: optional(aFunction),
      requestId: optional(aFunction),
      traceparent: optional(aFunction),
      clock: optional(aClock),
    } satisfies Every<TraceOptions>,
  },
  {
    of: "trace.trace",
    mayBeLeftOut: true,
    prefix: "logger.",
    base: { debug: run, info: run, warn: run },
    give: (logger) => trace({ logger, level: "debug" }),
    // What is no function is a logger that is called as the console is.
    ranges: { child: optional(anything) },
  },
  {
    of: "util.andThen",
    base: {},
    give: (options) => andThen(service, options),
    ranges: { reserve: optional(oneOf("both", "late")) } satisfies Every<AndThenOptions>,
  },
  {
    of: "util.callAll",
    base: {},
    give: (options) => callAll(service, [], options),
    ranges: { ordered: optional(aBoolean) } satisfies Every<CallAllOptions>,
  },
  {
    of: "util-box.routingTable",
    base: { key: run, routes: new Map() },
    give: routingTable,
    ranges: { key: aFunction, routes: tables(), notFound: optional(aService) } satisfies Every<AnyRoutingTableOptions>,
  },
  {
    of: "testing.checkContract",
    // There is no path without one.
    base: { seed: 1 },
    give: checking,
    ranges: {
      requests: optional(anArray(1)),
      responses: optional(anArray(1)),
      badOptions: optional(listsOfBadOptions()),
      absorbs: optional(aBoolean),
      joins: optional(aBoolean),
      observes: optional(aBoolean),
      defers: optional(aBoolean),
      runs: optional(number({ min: 1, whole: true })),
      seed: optional(number({ min: -(2 ** 31), max: longest, whole: true })),
      path: optional(paths()),
    } satisfies Every<CheckOptions>,
  },
];

/** Every option of every public function. A new one is one more line above. */
export const rows: readonly Row[] = [
  ...parameters,
  ...optionObjects.flatMap(({ of, base, give, ranges, prefix = "" }) =>
    Object.entries(ranges).map(([option, range]) => ({
      of,
      option: prefix + option,
      range,
      give: (value: unknown) => give({ ...base, [option]: value } as never),
    })),
  ),
];

/** What is exported and has no option that could be bad, and why. */
export const withoutOptions: Readonly<Record<string, string>> = {
  "core.identity": "takes nothing",
  "core.raises": "takes nothing",
  "core.takeRefusal": "takes nothing",
  "core.refuse": "hands on what a gate says about itself, where a throw would be a failure of readiness",
  "core.Service": "is abstract, and takes nothing",
  "core.OverloadedError": "carries what it is given",
  "core.PermitSpentError": "takes nothing",
  "core.isOverloadedError": "answers for any value",
  "core.isRefusal": "answers for any value",
  "core.partsOf": "answers undefined for what it does not know",
  "core.isPermitSpentError": "answers for any value",
  "limit.Semaphore": "is core's",
  "load-shed.OverloadedError": "is core's",
  "load-shed.isOverloadedError": "is core's",
  "retry.isIdempotent": "answers for any value",
  "buffer.BufferClosedError": "takes nothing",
  "buffer.isBufferClosedError": "answers for any value",
  "timeout.TimeoutError": "carries what it is given",
  "timeout.isTimeoutError": "answers for any value",
  "trace.currentRequestId": "takes nothing",
  "trace.currentTraceparent": "takes nothing",
  "util.FilteredError": "takes nothing",
  "util.isFilteredError": "answers for any value",
  "util-box.RouteNotFoundError": "carries what it is given",
  "util-box.isRouteNotFoundError": "answers for any value",
};

/** What says of anything whether it is meant. */
export const guards: readonly string[] = Object.entries(withoutOptions).flatMap(([of, why]) =>
  why === "answers for any value" ? [of] : [],
);

function isObject(value: unknown): boolean {
  return typeof value === "object";
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function iterables(): DocumentedRange {
  const throwing = {
    get [Symbol.asyncIterator](): never {
      throw new Error("not to be read");
    },
  };
  const wrong = [{ [Symbol.iterator]: 5 }, { [Symbol.asyncIterator]: {} }, throwing];
  const edges = [[], "text", new Set(), (async function* () {})(), ...wrong];
  const takes = (value: unknown): boolean => {
    try {
      const given = Object(value) as AsyncIterable<unknown> & Iterable<unknown>;
      return typeof (given[Symbol.asyncIterator] ?? given[Symbol.iterator]) === "function";
    } catch {
      return false;
    }
  };
  return { takes, edges, optional: false };
}

function listsOfServices(): DocumentedRange {
  const hole: unknown[] = [service];
  hole[2] = service;
  const throwing = Object.defineProperty([service], 0, {
    get: () => {
      throw new Error("not to be read");
    },
  });
  const wrong = [hole, throwing, [undefined], [null], [service, 5], [revoked()]];
  const empty: unknown[] = [];
  const good = [[service], empty];
  const takes = (value: unknown): boolean => good.includes(value as unknown[]) || isEmptyArray(value);
  return { takes, edges: [...good, ...wrong], optional: false };
}

function isEmptyArray(value: unknown): boolean {
  try {
    return Array.isArray(value) && value.length === 0;
  } catch {
    return false;
  }
}

function tables(): DocumentedRange {
  const table = new Map([["x", service]]);
  const endless = { get: run, values: run };
  const throwing = {
    get: run,
    values: () => {
      throw new Error("not to be read");
    },
  };
  const wrong = [new Map([["x", undefined]]), new Map([["x", 5]]), new Map([["x", revoked()]]), endless, throwing];
  const takes = (value: unknown): boolean => value === table || (value instanceof Map && value.size === 0);
  return { takes: guarded(takes), edges: [table, new Map(), ...wrong], optional: false };
}

function listsOfBadOptions(): DocumentedRange {
  const refused = (): never => {
    throw new TypeError("x: max must be a number; received null");
  };
  const good = [[], [refused], [{ option: "max", value: null, make: refused }]];
  const wrong = [[5], [null], [undefined], [{ option: "max", value: 1 }], [{ value: 1, make: run }], [revoked()]];
  return {
    takes: (value) => isEmptyArray(value) || good.includes(value as never[]),
    edges: [...good, ...wrong],
    optional: false,
  };
}

/** Numbers between colons. */
function paths(): DocumentedRange {
  const good = ["0", "5", "12:0:3"];
  const wrong = [":", "1:", ":1", "1::2", "1:x", "-1", "1.5", " 1", "1:0\n"];
  return { takes: (value) => good.includes(value as string), edges: [...good, ...wrong], optional: false };
}

function guarded(takes: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => {
    try {
      return takes(value);
    } catch {
      return false;
    }
  };
}
