import { events } from "@sluice/core";

/** Why a failure that would be tried again is not. */
export type Denial = "budget" | "deadline" | "exhausted";

/**
 * Announces that a failure that would be tried again is not.
 *
 * @param source the policy
 * @param attempt the attempt that is not made: 2 or more
 */
export function announceDenial(source: object, attempt: number, reason: Denial, label: string | undefined): void {
  if (events.listening) events.emit({ type: "retry-denied", layer: "retry", label, source, attempt, reason });
}
