import { isRefusal, type Outcome } from "@sluice/core";
import { report, show } from "@sluice/core/kit";
import type { ThrottleVerdict } from "./options.ts";

/** What an answer says of the other side, where nobody says otherwise. */
export function verdictByDefault(outcome: Outcome, aborted: boolean): ThrottleVerdict {
  if (outcome.status === "fulfilled") return "accepted";
  if (isRefusal(outcome.reason)) return "refused";
  return aborted ? "ignore" : "accepted";
}

/** As `classify` says. Where that throws, or answers with something else, it is reported, and the default counts. */
export function verdictBy(
  classify: () => ThrottleVerdict | undefined,
  outcome: Outcome,
  aborted: boolean,
): ThrottleVerdict {
  try {
    const verdict = classify();
    if (verdict === "accepted" || verdict === "refused" || verdict === "ignore") return verdict;
    if (verdict !== undefined) {
      throw new TypeError(
        `throttle: classify must return "accepted", "refused", "ignore" or undefined; received ${show(verdict)}`,
      );
    }
  } catch (error) {
    report(error);
  }
  return verdictByDefault(outcome, aborted);
}
