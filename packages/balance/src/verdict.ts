import { classified, type Classify, requireOneOf, verdictByDefault } from "@sluice/core/kit";
import type { Answered } from "./endpoint.ts";

/** What an answer says of the endpoint that gave it. */
export type Verdict = "success" | "failure" | "ignore";

/** What an answer says of its endpoint, as `classify` says, or as by default. */
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
