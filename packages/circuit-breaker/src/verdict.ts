import { isRefusal, type Outcome } from "@sluice/core";
import { abortReason, isTimeout, report, show } from "@sluice/core/kit";

/** What a call that has ended says of the service; a number from 0 to 1 is so much of a failure. */
export type Verdict = "success" | "failure" | "ignore" | number;

/** A call that has ended. */
export interface EndedCall<out Req = unknown> {
  /** What was asked. */
  readonly request: Req;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /** Whether the caller's signal was aborted by then. */
  readonly aborted: boolean;
}

/**
 * How much of a failure an outcome is, where nobody says otherwise: undefined is nothing to go by. A response is no failure, a rejection
 * is one. Refusals tell nothing of the service, and neither does a call whose caller gave up, unless because it took too long.
 */
export function shareByDefault(outcome: Outcome, signal: AbortSignal | undefined): number | undefined {
  if (outcome.status === "fulfilled") return 0;
  if (isRefusal(outcome.reason)) return undefined;
  if (signal?.aborted) return isTimeout(abortReason(signal)) ? 1 : undefined;
  return 1;
}

/**
 * How much of a failure an outcome is, as `classify` says. Where that throws, or answers with something else, it is reported, and the
 * default counts: a call must not be lost, least of all a probe.
 */
export function shareBy(
  classify: () => Verdict | undefined,
  outcome: Outcome,
  signal: AbortSignal | undefined,
): number | undefined {
  try {
    const verdict = classify();
    switch (verdict) {
      case "success":
        return 0;
      case "failure":
        return 1;
      case "ignore":
        return undefined;
      case undefined:
        break;
      default:
        if (typeof verdict === "number" && verdict >= 0 && verdict <= 1) return verdict;
        throw new TypeError(
          `circuitBreaker: classify must return "success", "failure", "ignore", a number from 0 to 1, or undefined; received ${show(verdict)}`,
        );
    }
  } catch (error) {
    report(error);
  }
  return shareByDefault(outcome, signal);
}
