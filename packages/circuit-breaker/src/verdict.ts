import type { Outcome } from "@sluice/core";
import { classified, type Classify, type Ended, show, verdictByDefault } from "@sluice/core/kit";

/** What a call that has ended says of the service; a number from 0 to 1 is so much of a failure. */
export type Verdict = "success" | "failure" | "ignore" | number;

const shares = { success: 0, failure: 1, ignore: undefined } as const;

/** How much of a failure an outcome is where nobody says otherwise: undefined is nothing to go by. */
export function shareByDefault(outcome: Outcome, signal: AbortSignal | undefined): number | undefined {
  return shares[verdictByDefault(outcome, signal)];
}

/** How much of a failure a call is, as `classify` says: a call must not be lost, least of all a probe. */
export function shareBy(classify: Classify<Verdict>, ended: Ended): number | undefined {
  const verdict = classified(classify, ended, requireVerdict);
  if (verdict === undefined) return shareByDefault(ended.outcome, ended.signal);
  return typeof verdict === "number" ? verdict : shares[verdict];
}

function requireVerdict(verdict: unknown): Verdict {
  if (verdict === "success" || verdict === "failure" || verdict === "ignore") return verdict;
  if (typeof verdict === "number" && verdict >= 0 && verdict <= 1) return verdict;
  const wanted = '"success", "failure", "ignore", a number from 0 to 1, or undefined';
  throw new TypeError(`circuitBreaker: classify must return ${wanted}; received ${show(verdict)}`);
}
