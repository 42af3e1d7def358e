import { isRefusal, type Outcome } from "@sluice/core";
import { abortReason, isTimeout, requireOneOf } from "@sluice/core/kit";

/**
 * What a call says of the limit: `"success"`, its round trip counts; `"dropped"`, it was too much, the limit must go down; `"ignore"`,
 * it says nothing.
 */
export type Classification = "success" | "dropped" | "ignore";

/**
 * A response is a success. A timeout is dropped, also one further out that aborted the call, and so is a refusal, unless it is an open
 * circuit's or that of a service that is closed: these say nothing of capacity. Calls whose caller gave up are ignored. So are other
 * failures, for failing fast says nothing of how long a call takes.
 */
export function classifyByDefault(outcome: Outcome, signal: AbortSignal | undefined): Classification {
  if (signal?.aborted) return isTimeout(abortReason(signal)) ? "dropped" : "ignore";
  if (outcome.status === "fulfilled") return "success";
  const { reason } = outcome;
  if (isTimeout(reason)) return "dropped";
  if (isRefusal(reason)) return reason.reason === "circuit" || reason.reason === "closed" ? "ignore" : "dropped";
  return "ignore";
}

/** @throws TypeError | RangeError when it is no classification */
export function requireVerdict(verdict: unknown): Classification {
  return requireOneOf("adaptiveLimit", "what classify returns", verdict, ["success", "dropped", "ignore"]);
}
