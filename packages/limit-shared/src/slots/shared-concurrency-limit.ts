import { gate } from "@sluice/core";
import type { SharedLimit } from "../shared-limit.ts";
import { SharedSemaphore, slotLayerName } from "./shared-semaphore.ts";
import type { SharedConcurrencyLimitOptions } from "./slot-terms.ts";

/** A layer that limits concurrent calls over all members that share its key. */
export interface SharedConcurrencyLimit extends SharedLimit {
  /** How many calls may run at the same time, over all members. */
  readonly max: number;
  /** How many slots this member may hold now. */
  readonly share: number;
  /** Slots held in this member: permits that are reserved, and calls whose work has not settled. */
  readonly active: number;
  /** Free slots of this member. */
  readonly available: number;
  /** For how many milliseconds the longest holder has had its slot; 0 when no slot is held. */
  readonly oldest: number;
  /** Slots that were held when the lease ended: other members may have been granted them. */
  readonly lost: number;
}

/**
 * Lets at most `max` calls run at the same time, over all processes that share a `key` of a `store`. A call counts from its reservation
 * until its work, and all work registered with `waitUntil`, has settled. Other callers wait in line, first in, first out in each member.
 *
 * Each member holds slots under a lease that it renews. Where members want more slots than there are, they approach equal shares (max-min
 * fairness): a member with more gives slots back as its calls end. The slots of a member that stops are free for others after `ttl`. It is
 * a limit, not a lock: a member that is paused for longer than `ttl` continues its running calls.
 *
 * @example
 * const limit = sharedConcurrencyLimit({ store, key: "reports", max: 20 });
 * const service = new ServiceBuilder().layer(limit).serviceFn(ask);
 * limit.share; // how many of the 20 this process has
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function sharedConcurrencyLimit(options: SharedConcurrencyLimitOptions): SharedConcurrencyLimit {
  const slots = new SharedSemaphore(options, slotLayerName, ["until"]);
  const { key, label, max, ttl, refresh, outage, until } = slots.terms;
  const facts = { key, max, ttl, refresh, outage };
  return {
    ...gate(slots, { name: slotLayerName, label, until, traits: ["limits"], facts }),
    max,
    get share() {
      return slots.share;
    },
    get active() {
      return slots.active;
    },
    get waiting() {
      return slots.waiting;
    },
    get available() {
      return slots.available;
    },
    get oldest() {
      return slots.oldest;
    },
    get state() {
      return slots.state;
    },
    get members() {
      return slots.members;
    },
    get trips() {
      return slots.trips;
    },
    get late() {
      return slots.late;
    },
    get lost() {
      return slots.lost;
    },
    warm: (count) => slots.warm(count),
    close: () => slots.close(),
  };
}
