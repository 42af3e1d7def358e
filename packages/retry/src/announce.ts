import { events } from "@sluice/core";

/** Why a failure that would be tried again is not. */
export type Denial = "budget" | "deadline" | "exhausted";

/**
 * Announces that a failure that would be tried again is not.
 *
 * @param source the policy
 * @param attempt the attempt that is not made: 2 or more
 */
export function announceDenial(source: object, attempt: number, reason: Denial, label?: string): void {
  if (events.listening) events.emit({ type: "retry-denied", layer: "retry", label, source, attempt, reason });
}

/** What tells a failure apart: its `code` where that is text or a number, else the `name` of an error. Never throws. */
export function codeOf(failure: unknown): string | number | undefined {
  try {
    const { code, name } = failure as { readonly code?: unknown; readonly name?: unknown };
    if (typeof code === "string" || typeof code === "number") return code;
    return typeof name === "string" ? name : undefined;
  } catch {
    // Undefined, null, or a getter that throws.
    return undefined;
  }
}
