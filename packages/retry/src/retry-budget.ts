import type { Clock } from "@sluice/core";
import {
  LinkedList,
  LinkedNode,
  readOptions,
  requireClock,
  requireDuration,
  requireNumber,
  SteadyTime,
} from "@sluice/core/kit";
import { fractionOf } from "./fraction.ts";

/** How many retries there may be. */
export interface RetryBudget {
  /** A request: it earns its share of a retry. */
  readonly deposit: () => void;
  /** A retry, where one is left: false when there must be none. */
  readonly withdraw: () => boolean;
  /** Retries left, with fractions. Below 0 while a retry counts for longer than the requests that paid for it. */
  readonly balance: number;
}

/** Options of {@link retryBudget}. */
export interface RetryBudgetOptions {
  /** How long requests and retries count: milliseconds, above 0 to 2^31-1; default 10,000. */
  readonly ttl?: number | undefined;
  /** Retries a second that need no requests, for callers that send few: 0 or more; default 10. */
  readonly minPerSecond?: number | undefined;
  /** Retries for each request: 0 to 1,000; default 0.2. */
  readonly ratio?: number | undefined;
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** What came within a thousandth of `ttl`. */
class Slot extends LinkedNode<Slot> {
  readonly since: number;
  /** Deposits less withdrawals, in shares. */
  shares = 0;

  constructor(since: number) {
    super();
    this.since = since;
  }
}

const slots = 1_000;

/**
 * Bounds retries to a share of the requests, so that they do not multiply the load on a service that is down: it allows a retry only
 * where the retries of the last `ttl`, with that one, are at most `minPerSecond * ttl / 1000 + ratio * requests of the last ttl`. Share one between
 * layers that call the same service. After Finagle's RetryBudget and tower's TpsBudget.
 *
 * Exact for every ratio. It counts in shares, whole numbers: with the ratio as a fraction p/q (0.7 is 7/10) a request adds
 * p, and a retry takes q. Nothing is rounded below 2^53 shares (for a ratio of six digits, thousands of millions of requests
 * within `ttl`), so nothing drifts. Times are exact to a thousandth of `ttl`.
 *
 * A budget alone does not end an overload that feeds on itself; shed load first.
 *
 * @example
 * const budget = retryBudget({ ttl: 10_000, minPerSecond: 10, ratio: 0.2 });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function retryBudget(options?: RetryBudgetOptions): RetryBudget {
  const owner = "retryBudget";
  const read = readOptions(owner, options, ["ttl", "minPerSecond", "ratio", "clock"]);
  const { ttl = 10_000, minPerSecond = 10 } = read;
  requireDuration(owner, "ttl", ttl, { above: true });
  const reserve = fractionOf(requireNumber(owner, "minPerSecond", minPerSecond, { min: 0 }));
  const ratio = fractionOf(
    requireNumber(owner, "ratio", read.ratio === undefined ? 0.2 : read.ratio, { min: 0, max: 1_000 }),
  );
  const time = new SteadyTime(requireClock(owner, read.clock));

  const perRequest = ratio.numerator;
  const perRetry = ratio.denominator;
  const reserved = (reserve.numerator * ttl * perRetry) / (reserve.denominator * 1_000);
  const recent: LinkedList<Slot> = new LinkedList();
  // Apart from what is reserved, which need not be a whole number.
  let shares = 0;

  const expire = (now: number): void => {
    for (let { first } = recent; first !== undefined && now - first.since >= ttl; { first } = recent) {
      recent.remove(first);
      shares -= first.shares;
    }
  };
  const add = (amount: number, now: number): void => {
    if (recent.last === undefined || now - recent.last.since >= ttl / slots) recent.push(new Slot(now));
    recent.last!.shares += amount;
    shares += amount;
  };
  return {
    deposit() {
      const now = time.now();
      expire(now);
      add(perRequest, now);
    },
    withdraw() {
      const now = time.now();
      expire(now);
      if (reserved + shares < perRetry) return false;
      add(-perRetry, now);
      return true;
    },
    get balance() {
      expire(time.now());
      return (reserved + shares) / perRetry;
    },
  };
}
