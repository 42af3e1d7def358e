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

/** What errors, refusals and events call the service. */
export const layerName = "balance";

/** Options of one endpoint. */
export interface EndpointOptions {
  /** Its share of the load, beside the others': a number above 0; default 1. Its load is divided by it. */
  readonly weight?: number | undefined;
}

/** A service and what it is added under. */
export type EndpointEntry<S extends AnyService> = readonly [
  key: unknown,
  service: S,
  options?: EndpointOptions | undefined,
];

/** Which endpoints are taken out of use because they fail. Times are in milliseconds, above 0 and at most 2^31-1. */
export interface OutlierOptions {
  /** So many failures in a row eject an endpoint: a whole number of 1 or more, or Infinity; default 5. */
  readonly consecutive?: number | undefined;
  /** Such a share of failures within `interval` ejects it: above 0, at most 1. Default: none does. */
  readonly ratio?: number | undefined;
  /** `ratio` counts from so many calls within `interval` on: a whole number of 1 or more; default 20. */
  readonly minimumCalls?: number | undefined;
  /** Over what `ratio` is taken, and after how long in use an earlier ejection is forgotten; default 10,000. */
  readonly interval?: number | undefined;
  /** How long the first ejection takes; the second takes twice as long, and so on. Default 30,000. */
  readonly base?: number | undefined;
  /** How long an ejection takes at most, from `base` on; default 300,000, or `base` where that is more. */
  readonly max?: number | undefined;
  /** How many percent of the endpoints may be ejected at once, one at least: 0 to 100; default 10. */
  readonly maxPercent?: number | undefined;
}

/** Options of {@link balance}. */
export interface BalanceOptions<S extends AnyService = AnyService> {
  /**
   * The endpoints: entries such as those of a `Map`, which are read once; or an async iterable of changes, which is read until it ends.
   * Where that fails, those that are there stay, and `onChange` is told. Default: none; `add` adds some.
   */
  readonly endpoints?: Iterable<EndpointEntry<S>> | AsyncIterable<EndpointUpdate<S>> | undefined;
  /**
   * Which of two endpoints is less busy. `"pending"`: the one with fewer permits and calls. `"peak-ewma"`: the one with the lower
   * latency times pending; `defaultRtt` goes with it. Or `(endpoint) => load`, a number of 0 or more; where that throws, or
   * answers with something else, it is reported, and `"pending"` counts. Default `"pending"`.
   */
  readonly load?: "pending" | "peak-ewma" | Load | undefined;
  /** With `"peak-ewma"`: the latency that a new endpoint is expected to have. Milliseconds, above 0 and at most 2^31-1. */
  readonly defaultRtt?: number | undefined;
  /** With `"peak-ewma"`: within what time a latency is mostly forgotten. Milliseconds, above 0 and at most 2^31-1; default 10,000. */
  readonly decay?: number | undefined;
  /** In the lines of how many endpoints a caller waits: a whole number of 1 or more, or Infinity; default 4. */
  readonly waitAt?: number | undefined;
  /** Which endpoints are ejected because they fail; `{}` for the defaults. Default: none. */
  readonly outliers?: OutlierOptions | undefined;
  /** With less than this share of the endpoints in use, all are used: 0 to 1; default 0.5. */
  readonly panic?: number | undefined;
  /**
   * What an answer says of its endpoint, for `outliers` and for `"peak-ewma"`; undefined: as by default. By default a response is a success
   * and a rejection a failure; a refusal (`isRefusal`) is ignored, and so is a call whose caller aborted, unless by a timeout. Where it throws
   * or returns something else, that is reported, and the default counts.
   */
  readonly classify?: Classify<Verdict, RequestOf<S>, ResponseOf<S>> | undefined;
  /** Whether a request object that was at one endpoint goes to another the next time: for hedges and retries. Default false. */
  readonly avoidRepeats?: boolean | undefined;
  /** Where a request goes by its key: `maglev` or `ring` of `@sluice/balance/hash`. Default: to the less busy of two. */
  readonly pick?: ConsistentHash<RequestOf<S>> | undefined;
  /** Told of each endpoint that comes, goes, is ejected or used again, and of a discovery that failed. What it throws is reported. */
  readonly onChange?: ((change: BalanceChange) => void) | undefined;
  /** A number from 0 to below 1, as of `Math.random`, which is the default. */
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
  if (pick !== undefined) requireMethods(layerName, "pick", pick, "maglev or ring", ["key", "place"]);
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

/** What a balancer says of how it was made. */
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
