import type { Outcome } from "../contract/gate.ts";
import type { CallOptions } from "../contract/service.ts";
import { observe } from "../stack/observe.ts";
import type { Reservation } from "../stack/reservation.ts";

/**
 * What a layer holds of the service inside it: a permit without the checks. Exactly one of the two is called, once; a second use
 * breaks the stack.
 */
export interface Inside {
  /** Spends it. Never throws: it rejects. */
  start(request: unknown, options: CallOptions): Promise<any>;
  /** Gives it back, unused. */
  cancel(): void;
}

/** Of a call that is the outermost of its stack: the answer of the service inside is one that may be handed out as it is. */
class InsideAtEdge implements Inside {
  readonly inner: Reservation;

  constructor(inner: Reservation) {
    this.inner = inner;
  }

  start(request: unknown, options: CallOptions): Promise<unknown> {
    return this.inner.start(request, options, true);
  }

  cancel(): void {
    this.inner.cancel();
  }
}

/** Runs a call that is the outermost of its stack. See `edge` of {@link Reservation.start}. */
export function startAtEdge(inner: Reservation, run: (inside: Inside) => Promise<unknown>): Promise<unknown> {
  return run(new InsideAtEdge(inner));
}

/**
 * `inside.start`, observed at the side: `settled` is told how the call ended, and what is returned is handed on as it is. No microtask is
 * added inside a stack, and one at its edge. `inside.start(…).then(…)` adds one at each layer, and a failure that is observed there and
 * ignored by the caller is never reported as unhandled.
 *
 * @param settled runs in the async context of the call. Must not throw
 */
export function startObserved(
  inside: Inside,
  request: unknown,
  options: CallOptions,
  settled: (outcome: Outcome) => void,
): Promise<unknown> {
  return inside instanceof InsideAtEdge
    ? observe(inside.inner.start(request, options, false), true, { settled })
    : observe(inside.start(request, options), false, { settled });
}
