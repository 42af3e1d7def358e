import type { Clock } from "@sluice/core";
import {
  type Classify,
  readOptions,
  requireClock,
  requireDuration,
  requireFunction,
  requireLabel,
  requireNumber,
} from "@sluice/core/kit";
import type { ThrottleVerdict } from "./verdict.ts";

/** Options of {@link throttle} and {@link Throttle}. */
export interface ThrottleOptions<Req = unknown, Res = unknown> {
  /**
   * How many requests there may be for each one that the other side accepts: 1.1 or more; default 2. With `k` the other side has to refuse
   * `k - 1` for each one that it takes. The closer to 1, the longer it takes to come back.
   */
  readonly k?: number | undefined;
  /** Over how many milliseconds it counts: above 0, at most 2^31-1; default 30,000. */
  readonly window?: number | undefined;
  /** With fewer requests a second in the window nothing is refused: 0 or more; default 1. */
  readonly minimumPerSecond?: number | undefined;
  /** The most that is refused: above 0, at most 0.99; default 0.9. The rest finds out when the other side takes more. */
  readonly max?: number | undefined;
  /**
   * What an answer says of the other side; undefined: as by default. By default a refusal (`isRefusal`) is refused, another failure of a call
   * whose caller aborted is ignored, and all else was accepted, failures too. Where it throws or returns something else, that is reported, and
   * the default counts.
   */
  readonly classify?: Classify<ThrottleVerdict, Req, Res> | undefined;
  /**
   * Random numbers from 0 up to but not including 1: then each call is refused by chance, when it begins, at the share of that moment. What
   * it throws is the failure of the call. Default: no dice, what is to be refused adds up, and each time it comes to one call, one is refused.
   */
  readonly random?: (() => number) | undefined;
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this throttle apart from others: `"search"`. It is on its refusals. Default: none. */
  readonly label?: string | undefined;
}

/** {@link ThrottleOptions} with their defaults. */
export interface Settings {
  readonly k: number;
  readonly window: number;
  readonly minimumPerSecond: number;
  readonly max: number;
  readonly classify: Classify<ThrottleVerdict> | undefined;
  readonly random: (() => number) | undefined;
  readonly clock: Clock;
  readonly label: string | undefined;
}

/** @throws TypeError | RangeError when an option is not in its range */
export function readSettings(owner: string, options: ThrottleOptions<any, any> | undefined): Settings {
  const read = readOptions(owner, options, [
    "k",
    "window",
    "minimumPerSecond",
    "max",
    "classify",
    "random",
    "clock",
    "label",
  ]);
  const { k = 2, window = 30_000, minimumPerSecond = 1, max = 0.9, classify, random } = read;
  if (classify !== undefined) requireFunction(owner, "classify", classify);
  if (random !== undefined) requireFunction(owner, "random", random);
  return {
    // Below it, it takes more than ten windows to come back.
    k: requireNumber(owner, "k", k, { min: 1.1 }),
    window: requireDuration(owner, "window", window, { above: true }),
    minimumPerSecond: requireNumber(owner, "minimumPerSecond", minimumPerSecond, { min: 0 }),
    max: requireNumber(owner, "max", max, { min: 0, max: 0.99, above: true }),
    classify,
    random,
    clock: requireClock(owner, read.clock),
    label: requireLabel(owner, read.label),
  };
}
