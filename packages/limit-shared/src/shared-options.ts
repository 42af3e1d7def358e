import type { Clock } from "@sluice/core";
import {
  requireClock,
  requireLabel,
  requireMethods,
  requireName,
  requireNumber,
  requireOneOf,
  show,
} from "@sluice/core/kit";
import { type Outage, outages } from "./outage.ts";
import { memberSpan } from "./store/member-span.ts";

/** Options of both limits. */
export interface SharedOptions {
  /** Names the limit: all members with the same key in the same store share it. A non-empty string of at most 200 characters. */
  readonly key: string;
  /** What happens while the store cannot be reached. */
  readonly outage?: Outage | undefined;
  /**
   * The part of the limit that this member uses while the store cannot be reached: above 0, at most 1. Default: `1 / members`, by the
   * store's last count; 1 where the store has never been reached.
   */
  readonly share?: number | undefined;
  /** Where time is read and timers are set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this limit apart from others: `"search"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** The checked options of both limits. */
export interface SharedTerms {
  readonly key: string;
  readonly outage: Outage;
  readonly share: number | undefined;
  readonly timeout: number;
  readonly clock: Clock;
  readonly label: string | undefined;
  /** How long a member counts as one after its last question: ms. */
  readonly memberSpan: number;
}

/** What differs between the two limits. */
export interface SharedDefaults {
  readonly method: "take" | "share";
  readonly outage: Outage;
  /** The longest `timeout`: ms. */
  readonly longest: number;
  /** The limit's own time, from which {@link SharedTerms.memberSpan} follows: ms. */
  readonly span: number;
}

/** The names of the options of both limits. */
export const sharedNames = ["store", "key", "outage", "share", "timeout", "clock", "label"] as const;

const longestKey = 200;

/** @throws TypeError | RangeError when an option is not in its range */
export function requireShared(
  owner: string,
  options: Partial<SharedOptions> & { readonly store?: unknown; readonly timeout?: unknown },
  { method, outage: byDefault, longest, span }: SharedDefaults,
): SharedTerms {
  const { store, outage = byDefault, share, timeout = Math.min(250, longest), clock, label } = options;
  requireMethods(owner, "store", store, "a store", [method]);
  return {
    key: requireKey(owner, options.key),
    outage: requireOneOf(owner, "outage", outage, outages),
    share: share === undefined ? undefined : requireNumber(owner, "share", share, { min: 0, above: true, max: 1 }),
    timeout: requireNumber(owner, "timeout", timeout, { min: 0, above: true, max: longest }),
    clock: requireClock(owner, clock),
    label: requireLabel(owner, label),
    memberSpan: memberSpan(span),
  };
}

/** The key of a limit, checked. */
export function requireKey(owner: string, key: unknown): string {
  requireName(owner, key, "key");
  if (key.length <= longestKey) return key;
  throw new RangeError(`${owner}: key must have at most ${longestKey} characters; received ${show(key)}`);
}
