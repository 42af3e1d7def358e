import { abortReason, listen, unlisten } from "@sluice/core/kit";
import type { Flight } from "./flight.ts";

/** What a call does besides waiting for the answer. */
export interface Passage {
  /** It leaves before the flight has landed. Called before its answer is out, in the caller's async context. */
  readonly left?: (() => void) | undefined;
  /** Another answer in the place of a failure, or undefined. In the caller's async context. */
  readonly again?: ((reason: unknown) => Promise<unknown> | undefined) | undefined;
}

/** One caller's answer of a flight, in which it has a place. The caller's abort ends its own wait, and nobody else's. */
export function ride(
  flight: Flight,
  signal: AbortSignal | undefined,
  edge: boolean,
  passage: Passage,
): Promise<unknown> {
  if (signal !== undefined || passage.again !== undefined) return rideAlone(flight, signal, passage);
  const { answer } = flight;
  // Each caller at the edge needs a promise of its own, or a failure that one of them ignores counts as handled by another.
  return edge ? answer.then() : answer;
}

// A function of its own, so that most callers are spared what this one closes over.
function rideAlone(flight: Flight, signal: AbortSignal | undefined, { left, again }: Passage): Promise<unknown> {
  const { answer } = flight;
  return new Promise((resolve, reject) => {
    let open = true;
    /** Whether the caller was still waiting. */
    const close = (): boolean => {
      const was = open;
      open = false;
      if (was) leaveSignal?.();
      return was;
    };
    const leaveSignal =
      signal &&
      onAbort(signal, flight, (reason) => {
        if (!close()) return;
        left?.();
        reject(reason);
      });
    answer.then(
      (value) => {
        if (close()) resolve(value);
      },
      (reason: unknown) => {
        if (close()) resolve(again?.(reason) ?? Promise.reject(reason));
      },
    );
  });
}

/**
 * Leaves `flight` when the signal aborts, in that very turn, as an abort reaches work of one's own. `aborted` is called after that, in the
 * caller's async context. Returns what removes the listener.
 */
function onAbort(signal: AbortSignal, flight: Flight, aborted: (reason: unknown) => void): () => void {
  let tell!: (reason: unknown) => void;
  void new Promise<unknown>((resolve) => {
    tell = resolve;
  }).then(aborted);
  const listener = {
    aborted(reason: unknown): void {
      // First, or the work that is aborted might answer before.
      tell(reason);
      flight.abort(reason);
    },
  };
  // The work may have aborted it while it was being started.
  if (signal.aborted) listener.aborted(abortReason(signal));
  else listen(signal, listener);
  return () => {
    unlisten(signal, listener);
  };
}
