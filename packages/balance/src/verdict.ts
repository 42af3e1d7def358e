import { classified, type Classify, requireOneOf, verdictByDefault } from "@sluice/core/kit";
import type { Answered } from "./endpoint.ts";

/** What the outcome of a call says about its endpoint. */
export type Verdict = "success" | "failure" | "ignore";

/** The verdict of `classify`, or the default one. */
export function verdictOf(
  classify: Classify<Verdict> | undefined,
  { outcome, request, signal }: Answered,
  elapsed: number,
): Verdict {
  const verdict = classify && classified(classify, { outcome, request, signal, elapsed }, requireVerdict);
  return verdict ?? verdictByDefault(outcome, signal);
}

function requireVerdict(verdict: unknown): Verdict {
  return requireOneOf("balance", "what classify returns", verdict, ["success", "failure", "ignore"]);
}
