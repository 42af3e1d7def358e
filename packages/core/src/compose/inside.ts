import type { CallOptions } from "../contract/service.ts";
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

/**
 * Runs a call that is the outermost of its stack: the answer of the service inside is one that may be handed out as it is. See
 * `edge` of {@link Reservation.start}.
 */
export function startAtEdge(inner: Reservation, run: (inside: Inside) => Promise<unknown>): Promise<unknown> {
  return run({
    start: (request, options) => inner.start(request, options, true),
    cancel: () => {
      inner.cancel();
    },
  });
}
