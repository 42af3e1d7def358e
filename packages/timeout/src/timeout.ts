import { type Adds, type Clock, type Layer, layerFn } from "@sluice/core";
import {
  type Behaviour,
  readOptions,
  requireClock,
  requireDuration,
  Reservation,
  stackOf,
  stackService,
  timeOf,
} from "@sluice/core/internal";
import { TimedCall } from "./timed-call.ts";
import { TimedWait } from "./timed-wait.ts";
import type { TimeoutError } from "./timeout-error.ts";
import { Watch, type Watched } from "./watch.ts";

/** Options of {@link timeout}. Each is a time in milliseconds, above 0 and at most 2^31-1; without it there is no such bound. */
export interface TimeoutOptions {
  /** For the wait for readiness. */
  readonly ready?: number | undefined;
  /** For the call, from its start to its answer. */
  readonly call?: number | undefined;
  /** For both together; the time that a permit is held between them does not count. */
  readonly total?: number | undefined;
  /** Where time is read and the timer is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** A layer that gives up, and what it has seen. */
export interface TimeoutLayer extends Layer<Adds<TimeoutError>> {
  /** Calls and waits that were given up on so far, and those that came after their deadline. */
  readonly timedOut: number;
  /** Work that was given up on and has not settled yet. When this grows, somebody does not heed the signal. */
  readonly abandoned: number;
}

/**
 * Gives up on what takes too long: the caller is told with a `TimeoutError`, the work by its `signal`, which aborts with the
 * very same error. What does not stop goes on, and whoever limits it, inside or outside, counts it until it has settled.
 *
 * It is also the layer that enforces `deadline`, the caller's, where that comes earlier: in a stack without `timeout`
 * nobody sets a timer for it. A deadline that has passed is refused at once and reaches nobody. `timeout({})` does that and no more.
 *
 * A caller's abort is passed down and disarms the time-out: the call then settles when the work does. All calls of a layer share
 * one timer, armed while there are any.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(timeout({ ready: 50, call: 1_000 }))
 *   .serviceFn((url: string, { signal }) => fetch(url, { signal }));
 *
 * @param options for how long, in milliseconds: a number bounds the call
 * @throws TypeError | RangeError when an option is not in its range
 */
export function timeout(options: number | TimeoutOptions): TimeoutLayer {
  const { ready, call, total, clock } = readTimes(options);
  const watch = new Watch(clock);

  /** The earliest bound: the layer's own for this phase, what is left of the total, or the caller's deadline. */
  const bound = (watched: Watched, phase: "ready" | "call", waited: number, now: number, deadline?: number): void => {
    const ms = phase === "ready" ? ready : call;
    if (ms !== undefined) watched.bound(phase, now + ms, ms);
    if (total !== undefined) watched.bound("total", now + total - waited, total);
    if (deadline !== undefined) watched.bound("deadline", deadline, Math.max(deadline - now, 0));
  };

  /** Its state: how long the caller has waited for it. */
  const behaviour: Behaviour<number> = {
    start({ state: waited, inner }, request, callOptions, edge) {
      const { signal, deadline } = callOptions;
      if (call === undefined && total === undefined && deadline === undefined) {
        return inner.start(request, callOptions, edge);
      }
      if (signal?.aborted) {
        inner.cancel();
        return Promise.reject(signal.reason);
      }
      const now = timeOf(clock);
      const timed = new TimedCall(watch, callOptions);
      bound(timed, "call", waited, now, deadline);
      if (timed.due > now) return timed.begin(inner, request, now);
      inner.cancel();
      return Promise.reject(timed.timeoutError());
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };

  const layer = layerFn<Adds<TimeoutError>>("timeout", (service) => {
    const inner = stackOf(service);
    const held = (reservation: Reservation, waited: number): Reservation =>
      new Reservation<any>(behaviour, waited, reservation);
    return stackService({
      tryReserve(request) {
        const reservation = inner.tryReserve(request);
        return reservation && held(reservation, 0);
      },
      reserve(asked, granted, failed) {
        const { signal, deadline } = asked;
        if (ready === undefined && total === undefined && deadline === undefined) {
          inner.reserve(asked, (reservation) => granted(held(reservation, 0)), failed);
          return;
        }
        if (signal?.aborted) {
          failed(signal.reason);
          return;
        }
        const now = timeOf(clock);
        const wait = new TimedWait(watch, signal);
        bound(wait, "ready", 0, now, deadline);
        if (wait.due <= now) {
          failed(wait.timeoutError());
          return;
        }
        wait.begin(
          inner,
          asked.request,
          now,
          (reservation, waited) => granted(held(reservation, waited && total !== undefined ? clock.now() - now : 0)),
          failed,
        );
      },
    });
  });
  return {
    ...layer,
    get timedOut() {
      return watch.timedOut;
    },
    get abandoned() {
      return watch.abandoned;
    },
  };
}

function readTimes(options: number | TimeoutOptions): TimeoutOptions & { readonly clock: Clock } {
  const time = (name: string, ms: unknown): number => requireDuration("timeout", name, ms, { above: true });
  if (typeof options !== "object") return { call: time("ms", options), clock: requireClock("timeout", undefined) };
  const { ready, call, total, clock } = readOptions("timeout", options, ["ready", "call", "total", "clock"]);
  return {
    ready: ready === undefined ? ready : time("ready", ready),
    call: call === undefined ? call : time("call", call),
    total: total === undefined ? total : time("total", total),
    clock: requireClock("timeout", clock),
  };
}
