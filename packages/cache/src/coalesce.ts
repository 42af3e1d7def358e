import { type Adds, type Clock, type Layer, layerFn, type OverloadedError } from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import { readOptions, requireClock, requireFunction, requireLabel } from "@sluice/core/kit";
import { type FlightCounts, Flights } from "./flights.ts";
import { checkedKey, type KeyOf } from "./key.ts";

/** Options of {@link coalesce}. */
export interface CoalesceOptions<Req> {
  /**
   * Tells requests apart: those of one key have the same answer. Undefined: the request is called on its own. Keys are told apart as in a
   * `Map`: objects by identity, so make a string of what has several parts. It answers the same for the same request, and may be asked
   * several times; what it throws is a failure of readiness, or of the call where it runs there.
   *
   * Whatever the answer depends on belongs into the key: the user, too, where the answer is not the same for all.
   */
  readonly key: (request: Req) => unknown;
  /** Where it reads the time, to know whether a deadline has passed; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from others of its kind: `"users"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer with single flight. One value counts for all the services that it wraps; each of them has flights of its own. */
export interface CoalesceLayer<Req> extends Layer<Adds<OverloadedError, Req>> {
  /** Calls of the services inside that are in flight, and that a newcomer would join. */
  readonly inFlight: number;
  /** Calls that were answered by another caller's, from the beginning. */
  readonly joined: number;
}

const name = "coalesce";

/**
 * Single flight: while a call for a key is in flight, further calls for it wait for its answer instead of making their own, and need no room
 * inside. Callers that wait inside for the same key leave that line when a call for it begins.
 *
 * An abort ends only that caller's wait, immediately and with its own reason; the work is aborted when all callers have left. A failure goes
 * to all, and is never kept: the next caller begins another call. The work has the first caller's async context, `waitUntil` and deadline;
 * when it fails past that deadline, callers with more time begin another. A permit that is reserved while a call is in flight gets that call's
 * answer, also when it is spent later. One that is spent on another key is exchanged: that key is tried once, without waiting, and where there is
 * no room the call rejects with `OverloadedError`.
 *
 * @example
 * const users = new ServiceBuilder()
 *   .layer(coalesce({ key: (id: number) => id }))
 *   .serviceFn((id: number, options) => fetch(`/users/${id}`, options).then((response) => response.json()));
 *
 * @throws TypeError when an option is not as it must be
 */
export function coalesce<Req = unknown>(options: CoalesceOptions<Req>): CoalesceLayer<Req> {
  const read = readOptions(name, options, ["key", "clock", "label"]);
  requireFunction(name, "key", read.key);
  const keyOf = checkedKey(name, read.key as KeyOf);
  const clock = requireClock(name, read.clock);
  const label = requireLabel(name, read.label);
  const counts: FlightCounts = { name, label, inFlight: 0, joined: 0 };
  const layer = layerFn<Adds<OverloadedError, Req>>(
    name,
    (inner) => stackService(new Flights(stackOf(inner), keyOf, clock, counts)),
    counts,
    { label, traits: ["answers"] },
  );
  return {
    ...layer,
    get inFlight() {
      return counts.inFlight;
    },
    get joined() {
      return counts.joined;
    },
  };
}
