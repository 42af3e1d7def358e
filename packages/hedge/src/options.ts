import type { Clock } from "@sluice/core";
import {
  readOptions,
  requireClock,
  requireDuration,
  requireFunction,
  requireLabel,
  requireMethods,
  requireNumber,
  show,
} from "@sluice/core/kit";

/** How many hedges there may be; `retryBudget` of `@sluice/retry` is one. */
export interface HedgeBudget {
  /** A request: it earns its share of a hedge. */
  deposit(): void;
  /** A hedge, where one is left: false when there must be none. */
  withdraw(): boolean;
}

/** Options of {@link hedge}. Times are in milliseconds. */
export interface HedgeOptions<Req = unknown> {
  /**
   * How long an attempt may take before another one is sent beside it: 0 to 2^31-1, or a function of the number of the next attempt (2 for the
   * first hedge), whose undefined ends the schedule. With `quantile` it counts until there are enough samples.
   */
  readonly delay: number | ((attempt: number) => number | undefined);
  /**
   * Instead of `delay`: as long as this share of recent first attempts took, so that the rest is hedged: 0.95 for 5 %. One that has lost
   * counts with the time until then; one that has failed does not count. Above 0, below 1. Default: none.
   */
  readonly quantile?: number | undefined;
  /** How many samples `quantile` needs: a whole number of 1 or more; default 100. */
  readonly minSamples?: number | undefined;
  /** How recent they are: it knows the last one to two periods. Milliseconds, above 0 and at most 2^31-1; default 10,000. */
  readonly period?: number | undefined;
  /** The least delay that `quantile` gives: milliseconds, 0 to 2^31-1; default 1. */
  readonly minDelay?: number | undefined;
  /** How many attempts a request may have, the first included: a whole number from 2 to 10; default 2. */
  readonly attempts?: number | undefined;
  /** Whether a request may be sent twice, asked once before its first attempt. What it throws is the failure of the call. Default: all may. */
  readonly hedgeIf?: ((request: Req) => boolean) | undefined;
  /** Bounds hedges to a share of the requests. It may be shared, with a retry too. Default: none. */
  readonly budget?: HedgeBudget | undefined;
  /** Where time is read and the timer is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from others of its kind, in events. Default: none. */
  readonly label?: string | undefined;
  /** The request itself is sent again. For copies see {@link CloningHedgeOptions}. */
  readonly cloneRequest?: undefined;
}

/** Options of {@link hedge}, for requests that an attempt uses up. */
export interface CloningHedgeOptions<Req> extends Omit<HedgeOptions<Req>, "cloneRequest"> {
  /**
   * Makes the copy to send again, before each attempt but the last: `(request) => request.clone()`. It is not asked about a request that
   * may not be sent twice. With undefined there is no further attempt. What it throws before the first attempt is the failure of the call;
   * later it is reported, and there is no further attempt.
   */
  readonly cloneRequest: (request: Req) => Req | undefined;
}

/** {@link HedgeOptions} with their defaults. */
export interface Settings {
  readonly delay: number | ((attempt: number) => number | undefined);
  readonly quantile: number | undefined;
  readonly minSamples: number;
  readonly period: number;
  readonly minDelay: number;
  readonly attempts: number;
  readonly hedgeIf: ((request: any) => boolean) | undefined;
  readonly cloneRequest: ((request: any) => unknown) | undefined;
  readonly budget: HedgeBudget | undefined;
  readonly clock: Clock;
  readonly label: string | undefined;
}

const owner = "hedge";

/** @throws TypeError | RangeError when an option is missing or not in its range */
export function readSettings(options: HedgeOptions<any> | CloningHedgeOptions<any>): Settings {
  const read = readOptions(owner, options as CloningHedgeOptions<unknown>, [
    "delay",
    "quantile",
    "minSamples",
    "period",
    "minDelay",
    "attempts",
    "hedgeIf",
    "cloneRequest",
    "budget",
    "clock",
    "label",
  ]);
  const { delay, quantile, minSamples = 100, period = 10_000, minDelay = 1, attempts = 2 } = read;
  const { hedgeIf, cloneRequest, budget } = read;
  if (typeof delay !== "function") requireDuration(owner, "delay", delay);
  if (quantile !== undefined) {
    requireNumber(owner, "quantile", quantile, { min: 0, max: 1, above: true, below: true });
  } else {
    for (const name of ["minSamples", "period", "minDelay"] as const) {
      if (read[name] === undefined) continue;
      throw new TypeError(`${owner}: ${name} must go with quantile; received ${show(read[name])} alone`);
    }
  }
  if (hedgeIf !== undefined) requireFunction(owner, "hedgeIf", hedgeIf);
  if (cloneRequest !== undefined) requireFunction(owner, "cloneRequest", cloneRequest);
  if (budget !== undefined) requireMethods(owner, "budget", budget, "a budget", ["deposit", "withdraw"]);
  return {
    delay: delay as Settings["delay"],
    quantile,
    minSamples: requireNumber(owner, "minSamples", minSamples, { min: 1, integer: true }),
    period: requireDuration(owner, "period", period, { above: true }),
    minDelay: requireDuration(owner, "minDelay", minDelay),
    attempts: requireNumber(owner, "attempts", attempts, { min: 2, max: 10, integer: true }),
    hedgeIf,
    cloneRequest,
    budget,
    clock: requireClock(owner, read.clock),
    label: requireLabel(owner, read.label),
  };
}
