import { type Adds, type Clock, gate, type Layer, layerFn, serviceFn } from "@sluice/core";
import { stackOf } from "@sluice/core/internal";
import { readOptions, requireClock, requireLabel, requireNumber } from "@sluice/core/kit";
import type { BufferClosedError } from "./buffer-closed-error.ts";
import { Queue } from "./queue.ts";
import { Slots } from "./slots.ts";

/** Options of {@link buffer}. */
export interface BufferOptions {
  /** How many requests may wait for the inner service: a whole number of 1 or more. */
  readonly capacity: number;
  /** Where `oldestQueued` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this buffer apart from others: `"mails"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer with a bounded queue. One value is one number of slots, for all the services that it wraps. */
export interface BufferLayer extends Layer<Adds<BufferClosedError>> {
  /** How many slots there are. */
  readonly capacity: number;
  /** Slots held: by permits in hand, and by requests in a queue. */
  readonly active: number;
  /** Slots free: `capacity - active`. */
  readonly available: number;
  /** Callers in line for a slot. */
  readonly waiting: number;
  /** Requests that wait in a queue for the inner service. */
  readonly queued: number;
  /** For how many milliseconds the request that waits longest in a queue has waited; 0 when none waits. */
  readonly oldestQueued: number;
  /** Calls that have left their queue and have not settled, work that was registered with `waitUntil` included. */
  readonly running: number;
  /**
   * Closes now: callers in line for a slot, requests in a queue, permits in hand when they are called, and all later callers fail
   * with `BufferClosedError`. What the inner service has taken goes on. The second time it does nothing.
   */
  close(): void;
  /**
   * Closes in good order: callers in line for a slot, and all later ones, fail with `BufferClosedError`; permits in hand may still
   * be called, and what waits in a queue is finished. The promise resolves when all that was accepted has settled: permits in hand
   * (called or released), requests, and work that they registered with `waitUntil`. It never rejects, and it is the same one each
   * time. A `close` after it cuts it short.
   */
  drain(): Promise<void>;
}

/**
 * A queue in front of a service: ready while a slot is free, whether or not the service inside is. A permit is a slot. A
 * request that the inner service cannot take at once waits in its slot, first come, first served, and the slot is free
 * again as soon as the inner service has granted it: `capacity` bounds what waits, not what runs. Where no request waits and
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
  const read = readOptions(name, options, ["capacity", "clock", "label"]);
  const capacity = requireNumber(name, "capacity", read.capacity, { min: 1, integer: true });
  const clock = requireClock(name, read.clock);
  const slots = new Slots(capacity, requireLabel(name, read.label));
  const about = { label: slots.label, traits: ["queues"], facts: { capacity } };
  const admission = gate(slots, { name, ...about });
  const layer = layerFn<Adds<BufferClosedError>>(
    name,
    (inner) => {
      const queue = new Queue(stackOf(inner), slots, clock);
      // Always ready, for requests that the slots admit.
      return admission.wrap(serviceFn((request, callOptions) => queue.call(request, callOptions)));
    },
    slots,
    about,
  );
  return {
    ...layer,
    capacity,
    get active() {
      return slots.active;
    },
    get available() {
      return slots.available;
    },
    get waiting() {
      return slots.waiting;
    },
    get queued() {
      return slots.queued;
    },
    get oldestQueued() {
      return slots.oldestQueued(clock.now());
    },
    get running() {
      return slots.running;
    },
    close() {
      slots.close();
    },
    drain: () => slots.drain(),
  };
}

const name = "buffer";
