import type { About, Clock } from "@sluice/core";
import {
  type Classify,
  readOptions,
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
import type { BreakBackoff } from "./break-length.ts";
import type { CircuitChange } from "./circuit-breaker.ts";
import type { Verdict } from "./verdict.ts";

/** Over what ratios are taken. */
export type CircuitWindow =
  | {
      /** The calls that ended in the last so many milliseconds: above 0, at most 2^31-1. */
      readonly time: number;
      /** How exact that is, in parts of `time`: a whole number from 1 to 1,000; default 10. */
      readonly buckets?: number | undefined;
      readonly calls?: undefined;
    }
  | {
      /** The last so many calls: a whole number from 1 to 10,000. */
      readonly calls: number;
      readonly time?: undefined;
      readonly buckets?: undefined;
    };

/** Options of {@link circuitBreaker} and {@link CircuitBreaker}. Times are in milliseconds. */
export interface CircuitBreakerOptions<Req = unknown, Res = unknown> {
  /** Over what ratios are taken; default `{ time: 10_000, buckets: 10 }`. */
  readonly window?: CircuitWindow | undefined;
  /** The circuit opens when so many of the calls failed: above 0, at most 1; default 0.5. */
  readonly failureRatio?: number | undefined;
  /**
   * A call that takes so long is slow, also while it is in flight: milliseconds, above 0 and at most 2^31-1. A slow probe has failed.
   * Default: no call is slow.
   */
  readonly slowCall?: number | undefined;
  /** The circuit opens when so many of the calls were slow: above 0, at most 1; default 1. It goes with `slowCall`. */
  readonly slowRatio?: number | undefined;
  /** No ratio counts below so many calls in the window: a whole number of 1 or more; default 20, or all that the window holds. */
  readonly minimumCalls?: number | undefined;
  /** The circuit opens after so many failures in a row, whatever the ratio: a whole number of 1 or more; default Infinity. */
  readonly consecutive?: number | undefined;
  /**
   * How long it stays open: milliseconds, above 0 and at most 2^31-1, or a backoff, whose breaks grow until the service has
   * recovered. A probe that has not answered for so long has failed. Default 5,000.
   */
  readonly breakFor?: number | BreakBackoff | undefined;
  /** So many probes may be under way at once, and so many must succeed to close it: a whole number of 1 or more; default 1. */
  readonly probes?: number | undefined;
  /**
   * What a call that has ended says of the service; undefined: as by default. By default a response is a success and a rejection a
   * failure; a refusal (`isRefusal`) is ignored, and so is a call whose caller aborted, unless by a timeout (the reason's `name` is
   * `"TimeoutError"`). A number is so much of a failure, from 0 to 1: in the ratio it counts as that, and it is a failure in a row, or of
   * a probe, from `failureRatio` on. Where it throws or returns something else, that is reported, and the default counts.
   */
  readonly classify?: Classify<Verdict, Req, Res> | undefined;
  /**
   * What becomes of callers while it is open: `"refuse"` (default) them with `CircuitOpenError`, or let them `"wait"` in line until it
   * closes or a probe is free.
   */
  readonly whenOpen?: "refuse" | "wait" | undefined;
  /** Called after each change of state, synchronously. What it throws is reported, and changes nothing. */
  readonly onChange?: ((change: CircuitChange) => void) | undefined;
  /** Where time is read, and where the timer for those who wait is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this breaker apart from others: `"db"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** {@link CircuitBreakerOptions} with their defaults. */
export interface Settings {
  readonly window: { readonly time: number; readonly buckets: number } | { readonly calls: number };
  readonly failureRatio: number;
  /** Infinity where no call is slow. */
  readonly slowCall: number;
  readonly slowRatio: number;
  readonly minimumCalls: number;
  readonly consecutive: number;
  readonly breakFor: number | BreakBackoff;
  readonly probes: number;
  readonly classify: Classify<Verdict> | undefined;
  readonly waits: boolean;
  readonly onChange: ((change: CircuitChange) => void) | undefined;
  readonly clock: Clock;
  readonly label: string | undefined;
}

const share = { min: 0, max: 1, above: true } as const;
const whole = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true } as const;

/** @throws TypeError | RangeError when an option is not in its range */
export function readSettings(owner: string, options: CircuitBreakerOptions<any, any> | undefined): Settings {
  const read = readOptions(owner, options, [
    "window",
    "failureRatio",
    "slowCall",
    "slowRatio",
    "minimumCalls",
    "consecutive",
    "breakFor",
    "probes",
    "classify",
    "whenOpen",
    "onChange",
    "clock",
    "label",
  ]);
  const { failureRatio = 0.5, slowCall, slowRatio, consecutive = Infinity, breakFor = 5_000, probes = 1 } = read;
  const { classify, onChange, whenOpen = "refuse" } = read;
  const window = readWindow(owner, read.window);
  const most = "calls" in window ? window.calls : whole.max;
  const { minimumCalls = Math.min(20, most) } = read;
  if (slowCall !== undefined) requireDuration(owner, "slowCall", slowCall, { above: true });
  else if (slowRatio !== undefined) {
    throw new TypeError(`${owner}: slowRatio must go with slowCall; received ${show(slowRatio)} alone`);
  }
  if (classify !== undefined) requireFunction(owner, "classify", classify);
  if (onChange !== undefined) requireFunction(owner, "onChange", onChange);
  return {
    window,
    failureRatio: requireNumber(owner, "failureRatio", failureRatio, share),
    slowCall: slowCall ?? Infinity,
    slowRatio: slowRatio === undefined ? 1 : requireNumber(owner, "slowRatio", slowRatio, share),
    // With more than the window holds it would never open.
    minimumCalls: requireNumber(owner, "minimumCalls", minimumCalls, { ...whole, max: most }),
    consecutive: requireNumber(owner, "consecutive", consecutive, { min: 1, integer: true, infinity: true }),
    breakFor: requireBreak(owner, breakFor),
    probes: requireNumber(owner, "probes", probes, whole),
    classify,
    waits: requireOneOf(owner, "whenOpen", whenOpen, ["refuse", "wait"]) === "wait",
    onChange,
    clock: requireClock(owner, read.clock),
    label: requireLabel(owner, read.label),
  };
}

/** What a breaker says of how it was made. */
export function factsOf(settings: Settings): NonNullable<About["facts"]> {
  const { window, failureRatio, minimumCalls, consecutive, slowCall, slowRatio, breakFor, probes, waits } = settings;
  return {
    ...("calls" in window ? { windowCalls: window.calls } : { windowTime: window.time }),
    failureRatio,
    minimumCalls,
    consecutive: consecutive === Infinity ? undefined : consecutive,
    slowCall: slowCall === Infinity ? undefined : slowCall,
    slowRatio: slowCall === Infinity ? undefined : slowRatio,
    breakFor: typeof breakFor === "number" ? breakFor : undefined,
    probes,
    whenOpen: waits ? "wait" : "refuse",
  };
}

function readWindow(owner: string, given: CircuitWindow | undefined): Settings["window"] {
  if (given === undefined) return { time: 10_000, buckets: 10 };
  requireObject(owner, "window", given, "an object with time (ms) or calls");
  const {
    time,
    buckets = 10,
    calls,
  } = readOptions<{ time?: number; buckets?: number; calls?: number }>(`${owner}: window`, given as object, [
    "time",
    "buckets",
    "calls",
  ]);
  if (calls === undefined) {
    if (time === undefined) {
      throw new TypeError(
        `${owner}: window must have time or calls; received an object whose window.time and window.calls are undefined`,
      );
    }
    return {
      time: requireDuration(owner, "window.time", time, { above: true }),
      buckets: requireNumber(owner, "window.buckets", buckets, { min: 1, max: 1_000, integer: true }),
    };
  }
  for (const [option, value] of Object.entries({ time, buckets: given.buckets })) {
    if (value === undefined) continue;
    throw new TypeError(`${owner}: window.${option} must not go with window.calls; received ${show(value)}`);
  }
  return { calls: requireNumber(owner, "window.calls", calls, { min: 1, max: 10_000, integer: true }) };
}

function requireBreak(owner: string, breakFor: unknown): number | BreakBackoff {
  if (typeof breakFor === "number") return requireDuration(owner, "breakFor", breakFor, { above: true });
  requireMethods(owner, "breakFor", breakFor, "a number of milliseconds or a backoff", ["next"]);
  return breakFor as BreakBackoff;
}
