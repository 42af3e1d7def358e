import { events } from "@sluice/core";

/** Why a failure that would be tried again is not. */
export type Denial = "budget" | "deadline" | "exhausted";

/** The label of the layer that asks its policy at the moment: a policy may serve several, and knows none. */
let asking: string | undefined;

/** Calls `decide`, which answers at once, in the name of the layer with this label: what it announces has it. */
export function inNameOf<T>(label: string | undefined, decide: () => T): T {
  asking = label;
  try {
    return decide();
  } finally {
    asking = undefined;
  }
}

/**
 * Announces that a failure that would be tried again is not.
 *
 * @param source the policy
 * @param attempt the attempt that is not made: 2 or more
 */
export function announceDenial(source: object, attempt: number, reason: Denial): void {
  if (events.listening) events.emit({ type: "retry-denied", layer: "retry", label: asking, source, attempt, reason });
}
