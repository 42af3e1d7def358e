import type { Clock } from "@sluice/core";
import {
  readOptions,
  requireClock,
  requireFunction,
  requireLabel,
  requireNumber,
  requireOneOf,
} from "@sluice/core/kit";
import { type CodelOptions, Patience, requireCodel } from "./patience.ts";

/** Options of {@link priorityLine}. */
export interface PriorityLineOptions<Req = unknown> {
  /**
   * How important a request is: a level from 0, the most important. Other numbers are held within the levels and rounded down; NaN, what is
   * no number, and what it throws are a failure of readiness. Asked in the caller's async context, when others wait and when the caller
   * joins the line, and not for a blind reservation, which is of level 0.
   */
  readonly priority: (request: Req) => number;
  /** How many levels there are: a whole number from 1 to 100. Default 4. */
  readonly levels?: number | undefined;
  /**
   * Which share of the grants goes to less important callers while more important ones wait: from 0 (none: strict priority) to 1. Of any
   * `k` such grants at least `⌊k · share⌋` go to the less important caller that has waited longest. Default 0.1.
   */
  readonly share?: number | undefined;
  /**
   * How many may wait: a whole number of 0 or more, or Infinity. When so many wait, the newest of the least important makes room for
   * a more important caller; without one, the newcomer is refused. Default Infinity.
   */
  readonly maxWaiting?: number | undefined;
  /**
   * Refuses callers that have waited too long, under overload much sooner, and the less important sooner: a controlled delay. `true` is a
   * `target` of 5 ms and an `interval` of 100. Default: no caller is refused for its wait.
   */
  readonly codel?: CodelOptions | true | undefined;
  /**
   * Who is first within a level. `"fifo"`: who came first. `"adaptive-lifo"`: the same, but the newest while the line has not been empty
   * for the `interval` of `codel`, 100 ms without it. Default `"fifo"`.
   */
  readonly order?: "fifo" | "adaptive-lifo" | undefined;
  /** Where time is read and the timer for `codel` is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this line apart from others. It is on its refusals. Default: none. */
  readonly label?: string | undefined;
}

/** Options that were checked. */
export interface RequiredOptions<in Req> {
  readonly priority: (request: Req) => number;
  readonly levels: number;
  readonly share: number;
  readonly maxWaiting: number;
  readonly patience: Patience | undefined;
  /** After how long without an empty line there is overload. */
  readonly interval: number;
  readonly newestFirst: boolean;
  readonly clock: Clock;
  readonly label: string | undefined;
}

/** @throws TypeError | RangeError when an option is not in its range */
export function requireOptions<Req>(owner: string, options: PriorityLineOptions<Req>): RequiredOptions<Req> {
  const read = readOptions(owner, options, [
    "priority",
    "levels",
    "share",
    "maxWaiting",
    "codel",
    "order",
    "clock",
    "label",
  ]);
  const { priority, levels = 4, share = 0.1, maxWaiting = Number.POSITIVE_INFINITY, order = "fifo" } = read;
  requireFunction(owner, "priority", priority);
  requireNumber(owner, "levels", levels, { min: 1, max: 100, integer: true });
  requireNumber(owner, "share", share, { min: 0, max: 1 });
  requireNumber(owner, "maxWaiting", maxWaiting, { min: 0, integer: true, infinity: true });
  requireOneOf(owner, "order", order, ["fifo", "adaptive-lifo"]);
  const codel = requireCodel(owner, read.codel);
  return {
    priority: priority as (request: Req) => number,
    levels,
    share,
    maxWaiting,
    patience: codel && new Patience(levels, codel),
    interval: codel?.interval ?? 100,
    newestFirst: order === "adaptive-lifo",
    clock: requireClock(owner, read.clock),
    label: requireLabel(owner, read.label),
  };
}
