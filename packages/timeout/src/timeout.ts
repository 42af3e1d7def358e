import {
  type Adds,
  type AnyService,
  type CallOptions,
  type Clock,
  type Layer,
  layerFn,
  type Service,
} from "@sluice/core";
import { ask, type Behaviour, Reservation, stackOf, stackService, wrapped } from "@sluice/core/internal";
import {
  Deadlines,
  readOptions,
  requireClock,
  requireDuration,
  requireLabel,
  requireNear,
  show,
  throwIfAborted,
  timeOf,
} from "@sluice/core/kit";
import { type Bound, Timed, type Timing } from "./timed.ts";
import type { TimeoutError } from "./timeout-error.ts";

/**
 * Options of {@link timeout}: one of `ready`, `call`, `total` and `deadline` at least. Times are in milliseconds, above 0 and at most
 * 2^31-1; default: no such bound.
 */
export interface TimeoutOptions {
  /** How long the wait for readiness may take. */
  readonly ready?: number | undefined;
  /** How long the call may take, from its start to its answer. */
  readonly call?: number | undefined;
  /** How long both together may take; the time that a permit is held between them does not count. */
  readonly total?: number | undefined;
  /**
   * That the caller's `deadline` is enforced, which the layer always does: `timeout({ deadline: true })` is for a layer that does
   * nothing else. It can only be true, or left out.
   */
  readonly deadline?: true | undefined;
  /** Where time is read and the timer is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from other timeouts: `"db"`. It is on its events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer that gives up, and what it has seen. */
export interface TimeoutLayer extends Layer<Adds<TimeoutError>> {
  /** Calls and waits that were given up on so far, and those that came after their deadline. */
  readonly timedOut: number;
  /** Work that was given up on and has not settled yet. If it grows, some work ignores its signal. */
  readonly abandoned: number;
}

/**
 * Gives up on calls that take too long: the caller gets a `TimeoutError`, and the `signal` of the work aborts with the same
 * error. Work that ignores it continues, and inner and outer limits count it until it has settled.
 *
 * It also enforces the caller's `deadline`, if that comes earlier: a stack without `timeout` sets no timer for it. A call
 * whose deadline has passed is refused immediately, and nothing is sent. `timeout({ deadline: true })` does only that.
 *
 * A caller's abort is passed down and disarms the time-out: the call then settles when the work does. All calls of a layer share
 * one timer, armed while there are any.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(timeout({ ready: 50, call: 1_000 }))
 *   .serviceFn((url: string, options) => fetch(url, options));
 *
 * @param options for how long, in milliseconds: a number bounds the call
 * @throws TypeError | RangeError when an option is not in its range, or none of them bounds anything
 */
export function timeout(options: number | TimeoutOptions): TimeoutLayer {
  const { ready, call, total, clock, label } = readBounds(options);
  const timing: Timing = { deadlines: new Deadlines(clock), label, timedOut: 0, abandoned: 0 };

  /**
   * Bounded by the earliest: the layer's own time for this phase, what is left of the total, or the caller's deadline; undefined
   * without any of them.
   *
   * @throws TimeoutError when that time has passed already; signal.reason when it is aborted; RangeError when the deadline is too far away
   *   to be one
   */
  const begin = (
    own: Bound | undefined,
    { signal, deadline: asked, waitUntil }: CallOptions,
    waited: number,
  ): Timed | undefined => {
    // A fake timer would be set for one without end, too.
    const deadline = asked === Number.POSITIVE_INFINITY ? undefined : asked;
    if (own === undefined && total === undefined && deadline === undefined) return undefined;
    throwIfAborted(signal);
    const now = timeOf(clock);
    if (deadline !== undefined) requireNear("timeout", deadline, now);
    const timed = new Timed(timing, signal, waitUntil);
    if (own !== undefined) timed.lower(own, now + own.ms);
    if (total !== undefined) timed.lower(total, now + total.ms - waited);
    if (deadline !== undefined) timed.lower({ phase: "deadline", ms: Math.max(deadline - now, 0) }, deadline);
    if (timed.due > now) return timed;
    throw timed.timeoutError();
  };

  /** Its state: how long the caller has waited for it, where it had to. */
  const behaviour: Behaviour<number | undefined> = {
    start({ state: waited = 0, inner }, request, callOptions, edge) {
      let timed: Timed | undefined;
      try {
        timed = begin(call, callOptions, waited);
      } catch (reason) {
        inner.cancel();
        return Promise.reject(reason);
      }
      return timed === undefined ? inner.start(request, callOptions, edge) : timed.call(inner, request);
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };

  const wrap = (service: AnyService): Service<any, any, any> => {
    const inner = stackOf(service);
    const held = (reservation: Reservation, waited: number): Reservation =>
      waited === 0 ? wrapped(behaviour, reservation) : new Reservation<any>(behaviour, waited, reservation);
    return stackService({
      tryReserve(request) {
        const reservation = inner.tryReserve(request);
        return reservation && held(reservation, 0);
      },
      reserve(asker) {
        const now = total && timing.deadlines.now();
        const hold = (reservation: Reservation): void =>
          asker.granted(held(reservation, now === undefined ? 0 : timing.deadlines.now() - now));
        let timed: Timed | undefined;
        try {
          timed = begin(ready, asker, 0);
        } catch (reason) {
          asker.failed(reason);
          return;
        }
        const failed = (reason: unknown): void => {
          asker.failed(reason);
        };
        if (timed === undefined) ask(inner, asker, hold, failed);
        else timed.wait(inner, asker.request, hold, failed);
      },
    });
  };
  const facts = { ready: ready?.ms, call: call?.ms, total: total?.ms };
  const layer = layerFn<Adds<TimeoutError>>("timeout", wrap, undefined, { label, traits: ["times-out"], facts });
  return {
    ...layer,
    get timedOut() {
      return timing.timedOut;
    },
    get abandoned() {
      return timing.abandoned;
    },
  };
}

const phases = ["ready", "call", "total"] as const;

type Phase = (typeof phases)[number];

function readBounds(
  options: number | TimeoutOptions,
): { readonly [phase in Phase]: Bound | undefined } & Pick<TimeoutOptions, "label"> & { readonly clock: Clock } {
  const time = (name: string, ms: unknown): number => requireDuration("timeout", name, ms, { above: true });
  const read: TimeoutOptions =
    typeof options === "object"
      ? readOptions("timeout", options, ["ready", "call", "total", "deadline", "clock", "label"])
      : { call: time("ms", options) };
  const deadline: unknown = read.deadline;
  if (deadline !== undefined && deadline !== true) {
    throw new TypeError(`timeout: deadline must be true, or left out; received ${show(deadline)}`);
  }
  if (deadline === undefined && phases.every((phase) => read[phase] === undefined)) {
    throw new TypeError("timeout: options must have ready, call, total or deadline; received none of them");
  }
  const bound = (phase: Phase): Bound | undefined =>
    read[phase] === undefined ? undefined : { phase, ms: time(phase, read[phase]) };
  return {
    ready: bound("ready"),
    call: bound("call"),
    total: bound("total"),
    clock: requireClock("timeout", read.clock),
    label: requireLabel("timeout", read.label),
  };
}
