import type { ReadyOptions } from "@sluice/core";
import { ask, type Reservation, type Stack } from "@sluice/core/internal";
import { abortReason, abortWith, isOwnAbort, listen, unlisten } from "@sluice/core/kit";

/** What becomes of a caller that waits for either of two services. Exactly one of `first`, `second` and `failed` is called, once. */
export interface EitherGrant {
  readonly first: (reservation: Reservation) => void;
  readonly second: (reservation: Reservation) => void;
  readonly failed: (reason: unknown) => void;
  /** Whether the wait for the second goes on after this failure of the first. */
  readonly goesOn: (reason: unknown) => boolean;
}

/** Why the wait for the other one ends. Nobody outside sees it. */
const elsewhere = "the other one had room first";

/**
 * Stands in the lines of both, and takes what is granted first: so a newcomer overtakes no waiter in either of them. A failure of the second is
 * none as long as the first is waited for.
 */
export function reserveEither(
  stacks: { readonly first: Stack; readonly second: Stack },
  { request, signal, deadline }: ReadyOptions,
  grant: EitherGrant,
): void {
  const controllers = { first: new AbortController(), second: new AbortController() };
  let over = false;
  let firstGone = false;
  let secondFailed: { readonly reason: unknown } | undefined;
  const listener = {
    aborted(reason: unknown) {
      abortWith(controllers.first, reason);
      abortWith(controllers.second, reason);
    },
  };
  /** Leaves both lines. */
  const end = (): void => {
    over = true;
    if (signal !== undefined) unlisten(signal, listener);
    listener.aborted(elsewhere);
  };
  const fail = (reason: unknown): void => {
    end();
    grant.failed(reason);
  };
  const granted = (side: "first" | "second") => (reservation: Reservation) => {
    // Both granted in one turn.
    if (over) reservation.cancel();
    else if (signal?.aborted) {
      // Another listener stopped the event of the abort.
      reservation.cancel();
      fail(abortReason(signal));
    } else {
      end();
      grant[side](reservation);
    }
  };
  const firstFailed = (reason: unknown): void => {
    if (over) return;
    try {
      if (isOwnAbort(signal, reason) || !grant.goesOn(reason)) fail(reason);
      else if (secondFailed !== undefined) fail(secondFailed.reason);
      else firstGone = true;
    } catch (error) {
      fail(error);
    }
  };
  if (signal !== undefined) listen(signal, listener);
  ask(stacks.first, { request, deadline, signal: controllers.first.signal }, granted("first"), firstFailed);
  if (over) return;
  ask(stacks.second, { request, deadline, signal: controllers.second.signal }, granted("second"), (reason) => {
    if (over) return;
    if (firstGone || isOwnAbort(signal, reason)) fail(reason);
    else secondFailed = { reason };
  });
}
