import { isRefusal, type Outcome } from "@sluice/core";
import { classified, type Classify, type Ended, requireOneOf } from "@sluice/core/kit";

/** What an answer says of the other side. */
export type ThrottleVerdict = "accepted" | "refused" | "ignore";

/** What an answer says of the other side, where nobody says otherwise. */
export function verdictByDefault(outcome: Outcome, signal: AbortSignal | undefined): ThrottleVerdict {
  if (outcome.status === "fulfilled") return "accepted";
  if (isRefusal(outcome.reason)) return "refused";
  // Who gave up, or waited for too long, has learned neither.
  return signal?.aborted === true ? "ignore" : "accepted";
}

/** As `classify` says. */
export function verdictBy(classify: Classify<ThrottleVerdict>, ended: Ended): ThrottleVerdict {
  return classified(classify, ended, requireVerdict) ?? verdictByDefault(ended.outcome, ended.signal);
}

function requireVerdict(verdict: unknown): ThrottleVerdict {
  return requireOneOf("throttle", "what classify returns", verdict, ["accepted", "refused", "ignore"]);
}
