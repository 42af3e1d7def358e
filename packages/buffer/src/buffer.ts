import type { Clock } from "@sluice/core";
import { readOptions, requireClock, requireNumber } from "@sluice/core/kit";
import { type BufferLayer, name, Slots } from "./buffer-layer.ts";

/** Options of {@link buffer}. */
export interface BufferOptions {
  /** How many requests may wait for the inner service: a whole number of 1 or more. */
  readonly capacity: number;
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * A queue in front of a service: ready while a slot is free, whether or not the service inside is. A permit is a slot. A
 * request that the inner service cannot take at once waits in its slot, first come, first served, and the slot is free
 * again as soon as the inner service has granted it: `capacity` bounds what waits, not what runs. Where nobody waits and
 * the inner service is ready, the call starts at once.
 *
 * A buffer absorbs readiness: what is inside it cannot hold up or refuse those outside otherwise than by a full queue. An
 * inner failure of readiness is the failure, as it is, of the request it was asked for; the next in line asks again. An
 * aborted request leaves its slot at once and is never started. A deadline is passed on to the inner service, and nothing
 * here goes by it: put `timeout` outside to bound the wait.
 *
 * @example
 * const queue = buffer({ capacity: 100 });
 * const service = new ServiceBuilder().layer(loadShed()).layer(queue).layer(concurrencyLimit(10)).serviceFn(ask);
 * process.once("SIGTERM", () => queue.drain().then(() => server.close()));
 *
 * @throws TypeError | RangeError when an option is not in its range; an endless queue hides an overload until memory or
 *   patience ends, so that Infinity is refused
 */
export function buffer(options: BufferOptions): BufferLayer {
  const { capacity, clock } = readOptions(name, options, ["capacity", "clock"]);
  return new Slots(requireNumber(name, "capacity", capacity, { min: 1, integer: true }), requireClock(name, clock));
}
