import type { About, AnyService, Clock, RequestOf, ResponseOf } from "@sluice/core";
import {
  type Classify,
  readOptions,
  requireBoolean,
  requireClock,
  requireDuration,
  requireFunction,
  requireLabel,
  requireMethods,
  requireNumber,
  requireObject,
  requireOneOf,
  show,
} from "@sluice/core/kit";
import type { BalanceChange } from "./change.ts";
import type { ConsistentHash } from "./consistent-hash.ts";
import type { EndpointUpdate } from "./discovery.ts";
import type { Load } from "./load.ts";
import type { Verdict } from "./verdict.ts";

/** The name of the service in errors, refusals and events. */
export const layerName = "balance";

/** Options of one endpoint. */
export interface EndpointOptions {
  /** Its share of the load, relative to the other endpoints: a number above 0; default 1. Its load is divided by it. */
  readonly weight?: number | undefined;
}

/** A service, the key that it is added with, and its options. */
export type EndpointEntry<S extends AnyService> = readonly [
  key: unknown,
  service: S,
  options?: EndpointOptions | undefined,
];

/** When endpoints that fail are ejected, and for how long. Times are in milliseconds, above 0 and at most 2^31-1. */
export interface OutlierOptions {
  /** How many failures in a row eject an endpoint: a whole number of 1 or more, or Infinity; default 5. */
  readonly consecutive?: number | undefined;
  /** The share of failures within `interval` that ejects an endpoint: above 0, at most 1. Default: no share does. */
  readonly ratio?: number | undefined;
  /** How many calls there must be within `interval` for `ratio` to apply: a whole number of 1 or more; default 20. */
  readonly minimumCalls?: number | undefined;
  /** The time over which `ratio` is measured, and the time in use after which one earlier ejection is forgotten; default 10,000. */
  readonly interval?: number | undefined;
  /** How long the first ejection lasts; the second lasts twice as long, the third three times. Default 30,000. */
  readonly base?: number | undefined;
  /** How long an ejection lasts at most, `base` or more; default 300,000, or `base` where that is more. */
  readonly max?: number | undefined;
  /** How many percent of the endpoints may be ejected at the same time, at least one endpoint: 0 to 100; default 10. */
  readonly maxPercent?: number | undefined;
}

/** Options of {@link balance}. */
export interface BalanceOptions<S extends AnyService = AnyService> {
  /**
   * The endpoints: entries such as those of a `Map`, which are read once; or an async iterable of changes, which is read until it ends.
   * When it fails, the existing endpoints stay, and `onChange` is called. Default: none; `add` adds endpoints.
   */
  readonly endpoints?: Iterable<EndpointEntry<S>> | AsyncIterable<EndpointUpdate<S>> | undefined;
  /**
   * Which of two endpoints is less busy. `"pending"` (default): the one with fewer permits and calls. `"peak-ewma"`: the one with the lower
   * product of latency and pending calls; needs `defaultRtt`. Or `(endpoint) => load`, a number of 0 or more; where it throws or returns
   * something else, the error is reported, and `"pending"` is used.
   */
  readonly load?: "pending" | "peak-ewma" | Load | undefined;
  /** With `"peak-ewma"`, and required there: the expected latency of a new endpoint. Milliseconds, above 0 and at most 2^31-1. */
  readonly defaultRtt?: number | undefined;
  /** With `"peak-ewma"`: the time constant with which an old latency decays. Milliseconds, above 0 and at most 2^31-1; default 10,000. */
  readonly decay?: number | undefined;
  /** How many endpoints a caller waits at: a whole number of 1 or more, or Infinity; default 4. With `pick` a caller waits at one. */
  readonly waitAt?: number | undefined;
  /** When endpoints that fail are ejected; `{}` for the defaults. Default: endpoints are not ejected. */
  readonly outliers?: OutlierOptions | undefined;
  /** The share of endpoints in use below which all endpoints are used, ejected ones included: 0 to 1; default 0.5. */
  readonly panic?: number | undefined;
  /**
   * Classifies the outcome of a call, for `outliers` and `"peak-ewma"`; undefined means the default. By default a response is a success and
   * a rejection a failure; a refusal (`isRefusal`) is ignored, and so is a call that its caller aborted, unless by a timeout. Where it
   * throws or returns something else, the error is reported, and the default is used.
   */
  readonly classify?: Classify<Verdict, RequestOf<S>, ResponseOf<S>> | undefined;
  /** Whether the same request object goes to another endpoint the next time: for hedges and retries. Default false. */
  readonly avoidRepeats?: boolean | undefined;
  /** Chooses the endpoint by a key of the request: `maglev` or `ring` of `@sluice/balance/hash`. Default: the less busy of two. */
  readonly pick?: ConsistentHash<RequestOf<S>> | undefined;
  /** Called when an endpoint is added, deleted, ejected or readmitted, and when discovery fails. An error that it throws is reported. */
  readonly onChange?: ((change: BalanceChange) => void) | undefined;
  /** Returns a number from 0 to below 1; default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this balancer apart from others: `"db"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** {@link OutlierOptions} with their defaults. */
export interface OutlierSettings {
  readonly consecutive: number;
  readonly ratio: number | undefined;
  readonly minimumCalls: number;
  readonly interval: number;
  readonly base: number;
  readonly max: number;
  readonly maxPercent: number;
}

/** {@link BalanceOptions} with their defaults. */
export interface Settings {
  readonly load: "pending" | "peak-ewma" | Load;
  readonly defaultRtt: number;
  readonly decay: number;
  readonly waitAt: number;
  readonly outliers: OutlierSettings | undefined;
  readonly panic: number;
  readonly classify: Classify<Verdict> | undefined;
  readonly avoidRepeats: boolean;
  readonly pick: ConsistentHash<any> | undefined;
  readonly onChange: ((change: BalanceChange) => void) | undefined;
  readonly random: () => number;
  readonly clock: Clock;
  readonly label: string | undefined;
}

const whole = { min: 1, integer: true, infinity: true } as const;
const names = [
  "endpoints",
  "load",
  "defaultRtt",
  "decay",
  "waitAt",
  "outliers",
  "panic",
  "classify",
  "avoidRepeats",
  "pick",
  "onChange",
  "random",
  "clock",
  "label",
] as const;

/** @throws TypeError | RangeError when an option is not in its range */
export function readSettings<S extends AnyService>(
  options: BalanceOptions<S> | undefined,
): Settings & Pick<BalanceOptions<S>, "endpoints"> {
  const read = readOptions(layerName, options, names);
  const { endpoints, load = "pending", defaultRtt, decay, waitAt = 4, panic = 0.5, avoidRepeats = false } = read;
  const { classify, pick, onChange, random = Math.random, clock, label } = read;
  if (typeof load !== "function") requireOneOf(layerName, "load", load, ["pending", "peak-ewma"]);
  for (const [name, value] of Object.entries({ classify, onChange, random })) {
    if (value !== undefined) requireFunction(layerName, name, value);
  }
  if (pick !== undefined) {
    requireMethods(layerName, "pick", pick, "maglev or ring", ["key", "place"]);
    if (pick.check !== undefined) requireFunction(layerName, "pick.check", pick.check);
  }
  requireBoolean(layerName, "avoidRepeats", avoidRepeats);
  return {
    endpoints,
    load,
    ...readLatency(load, defaultRtt, decay),
    waitAt: requireNumber(layerName, "waitAt", waitAt, whole),
    outliers: readOutliers(read.outliers),
    panic: requireNumber(layerName, "panic", panic, { min: 0, max: 1 }),
    classify,
    avoidRepeats,
    pick,
    onChange,
    random,
    clock: requireClock(layerName, clock),
    label: requireLabel(layerName, label),
  };
}

/** The facts of a balancer for `describe`. */
export function factsOf(settings: Settings): NonNullable<About["facts"]> {
  const { load, pick, waitAt, outliers, panic, avoidRepeats } = settings;
  return {
    pick: pick?.name ?? "two choices",
    load: typeof load === "function" ? "a function" : load,
    waitAt,
    outliers: outliers !== undefined,
    panic: outliers && panic,
    avoidRepeats,
  };
}

/** @throws TypeError | RangeError when an option is not in its range */
export function readWeight(options: EndpointOptions | undefined): number {
  const { weight = 1 } = readOptions(layerName, options, ["weight"]);
  return requireNumber(layerName, "weight", weight, { min: 0, above: true });
}

function readLatency(
  load: Settings["load"],
  defaultRtt: number | undefined,
  decay: number | undefined,
): { readonly defaultRtt: number; readonly decay: number } {
  if (load === "peak-ewma") {
    return {
      defaultRtt: requireDuration(layerName, "defaultRtt", defaultRtt, { above: true }),
      decay: requireDuration(layerName, "decay", decay === undefined ? 10_000 : decay, { above: true }),
    };
  }
  for (const [name, value] of Object.entries({ defaultRtt, decay })) {
    if (value === undefined) continue;
    requireDuration(layerName, name, value, { above: true });
    throw new TypeError(`${layerName}: ${name} must go with load "peak-ewma"; received ${show(value)} without it`);
  }
  return { defaultRtt: 0, decay: 0 };
}

function readOutliers(options: OutlierOptions | undefined): OutlierSettings | undefined {
  if (options === undefined) return undefined;
  requireObject(layerName, "outliers", options);
  const read = readOptions(`${layerName}: outliers`, options, [
    "consecutive",
    "ratio",
    "minimumCalls",
    "interval",
    "base",
    "max",
    "maxPercent",
  ]);
  const { consecutive = 5, ratio, minimumCalls = 20, interval = 10_000, base = 30_000, maxPercent = 10 } = read;
  const span = (name: string, value: number): number =>
    requireDuration(layerName, `outliers.${name}`, value, { above: true });
  const shortest = span("base", base);
  const { max = Math.max(300_000, shortest) } = read;
  span("max", max);
  return {
    consecutive: requireNumber(layerName, "outliers.consecutive", consecutive, whole),
    ratio:
      ratio === undefined
        ? undefined
        : requireNumber(layerName, "outliers.ratio", ratio, { min: 0, max: 1, above: true }),
    minimumCalls: requireNumber(layerName, "outliers.minimumCalls", minimumCalls, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      integer: true,
    }),
    interval: span("interval", interval),
    base: shortest,
    max: requireNumber(layerName, "outliers.max", max, { min: shortest }),
    maxPercent: requireNumber(layerName, "outliers.maxPercent", maxPercent, { min: 0, max: 100 }),
  };
}
