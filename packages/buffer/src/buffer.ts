import { type Adds, type Clock, gate, type Layer, layerFn, refuse, type Service } from "@sluice/core";
import {
  nothing,
  readOptions,
  requireClock,
  requireNumber,
  Reservation,
  stackOf,
  stackService,
} from "@sluice/core/internal";
import { BufferClosedError } from "./buffer-closed-error.ts";
import { Queue } from "./queue.ts";
import { Slots } from "./slots.ts";

/** Options of {@link buffer}. */
export interface BufferOptions {
  /** How many requests may wait for the inner service: a whole number of 1 or more. */
  readonly capacity: number;
  /** Where `oldest` reads time; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** A layer with a bounded queue. One value is one number of slots, for all the services that it wraps. */
export interface BufferLayer extends Layer<Adds<BufferClosedError>> {
  /** How many slots there are. */
  readonly capacity: number;
  /** Slots free. The others are held by permits in hand and by requests that wait. */
  readonly available: number;
  /** Requests that wait for the inner service. */
  readonly waiting: number;
  /** Callers in line for a slot. */
  readonly waitingForSlot: number;
  /** Calls that the inner service has taken, and that have not settled (work handed up with `waitUntil` included). */
  readonly active: number;
  /** For how many milliseconds the request that waits longest has waited; 0 when none waits. */
  readonly oldest: number;
  /**
   * The end, now: callers in line for a slot, requests that wait, permits in hand when they are called, and all who come
   * later fail with `BufferClosedError`. What the inner service has taken goes on. The second time it does nothing.
   */
  close(): void;
  /**
   * The end, in good order: callers in line for a slot, and all who come later, fail with `BufferClosedError`; permits in
   * hand may still be called, and what waits is finished. The promise is kept when all that was accepted has settled:
   * permits in hand (called or given back), requests, and work that they handed up with `waitUntil`. It never rejects,
   * and it is the same one each time. A `close` after it cuts it short.
   */
  drain(): Promise<void>;
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
  return new SlotsLayer(
    requireNumber(name, "capacity", capacity, { min: 1, integer: true }),
    requireClock(name, clock),
  );
}

const name = "buffer";

class SlotsLayer implements BufferLayer {
  readonly name: string = name;
  /** The slots: the builder refuses them twice in one stack, where a request would wait for the slot it holds. */
  readonly state: Slots;
  readonly wrap: Layer<Adds<BufferClosedError>>["wrap"];
  private readonly clock: Clock;
  /** Only those in which somebody waits, so that services come and go and leave nothing behind here. */
  private readonly queues: Set<Queue> = new Set();

  constructor(capacity: number, clock: Clock) {
    this.state = new Slots(capacity);
    this.clock = clock;
    // oxlint-disable-next-line typescript/unbound-method -- layers are made of functions that need no `this`
    this.wrap = layerFn<Adds<BufferClosedError>>(name, (inner) => this.around(inner), this.state).wrap;
  }

  get capacity(): number {
    return this.state.capacity;
  }

  get available(): number {
    return this.state.available;
  }

  get waiting(): number {
    let waiting = 0;
    for (const { size } of this.queues) waiting += size;
    return waiting;
  }

  get waitingForSlot(): number {
    return this.state.waiting;
  }

  get active(): number {
    return this.state.active;
  }

  get oldest(): number {
    const now = this.clock.now();
    let first = now;
    for (const { since = now } of this.queues) first = Math.min(first, since);
    return now - first;
  }

  close(): void {
    this.state.close();
    for (const queue of this.queues) queue.close();
  }

  drain(): Promise<void> {
    return this.state.drain();
  }

  private around(inner: Service<any, any>): Service<any, any, any> {
    const { state: slots } = this;
    const counted = gate(slots.running, { name }).wrap(inner);
    const queue = new Queue(stackOf(counted), slots, this.queues, this.clock);
    // A slot is as good as another, so that one reservation serves for all.
    const slot: Reservation = new Reservation<any>(
      {
        start: (_slot, request, options, edge) => queue.start(request, options, edge),
        cancel() {
          slots.giveBack();
        },
      },
      undefined,
      nothing,
    );
    return stackService({
      tryReserve: () => (slots.tryTake() ? slot : refuse(name)),
      reserve(asked, granted, failed) {
        let taken: boolean;
        try {
          taken = slots.tryTake();
        } catch (reason) {
          failed(reason);
          return;
        }
        if (taken) {
          granted(slot);
          return;
        }
        slots.take(asked).then(() => {
          // The abort, or the end, may have come between the grant and now.
          const { signal } = asked;
          if (!signal?.aborted && !slots.closed) granted(slot);
          else {
            slots.giveBack();
            failed(signal?.aborted ? signal.reason : new BufferClosedError());
          }
        }, failed);
      },
    });
  }
}
