import { isRefusal } from "@sluice/core";
import { abortReason, isTimeout, report, show } from "@sluice/core/kit";
import type { Answered } from "./endpoint.ts";

/** What an answer says of the endpoint that gave it. */
export type Verdict = "success" | "failure" | "ignore";

/** A call that was answered. */
export interface EndedCall<out Req = unknown> {
  /** What was asked. */
  readonly request: Req;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /** Whether the caller's signal was aborted by then. */
  readonly aborted: boolean;
}

/** Judges an answer. */
export type Classify<in Req = any> = (outcome: PromiseSettledResult<any>, call: EndedCall<Req>) => Verdict | undefined;

/**
 * What an answer says of its endpoint, as `classify` says. Where that throws, or answers with something else, it is reported, and the
 * default counts.
 */
export function verdictOf(classify: Classify | undefined, call: Answered, elapsed: number): Verdict {
  const { request, outcome, signal } = call;
  if (classify === undefined) return verdictByDefault(call);
  try {
    const verdict: unknown = classify(outcome, { request, elapsed, aborted: signal?.aborted ?? false });
    if (verdict === "success" || verdict === "failure" || verdict === "ignore") return verdict;
    if (verdict !== undefined) {
      const wanted = '"success", "failure", "ignore", or undefined';
      throw new TypeError(`balance: classify must return ${wanted}; received ${show(verdict)}`);
    }
  } catch (error) {
    report(error);
  }
  return verdictByDefault(call);
}

/**
 * Where nobody says otherwise: a response is a success, a rejection a failure. A refusal of one of our layers tells nothing of the
 * endpoint, and neither does a call whose caller gave up, unless because it took too long.
 */
function verdictByDefault({ outcome, signal }: Answered): Verdict {
  if (outcome.status === "fulfilled") return "success";
  if (isRefusal(outcome.reason)) return "ignore";
  if (signal?.aborted) return isTimeout(abortReason(signal)) ? "failure" : "ignore";
  return "failure";
}
