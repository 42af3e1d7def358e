import { abortReason } from "../contract/abort-reason.ts";
import type { Outcome } from "../contract/gate.ts";
import { isRefusal } from "../errors/refusal.ts";
import { report } from "../kit/report.ts";
import { isTimeout } from "../kit/timed-out.ts";

/** A call that has its answer, as an option such as `classify` is told of it. */
export interface EndedCall<out Req = unknown> {
  /** What was asked. */
  readonly request: Req;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /** Whether the caller gave up: its signal was aborted by then, and not by a timeout. */
  readonly aborted: boolean;
}

/** An option that says what a call that has its answer says of the service; undefined: as by default. */
export type Classify<Verdict, in Req = any, in Res = any> = (
  outcome: Outcome<Res>,
  call: EndedCall<Req>,
) => Verdict | undefined;

/** What a layer knows of a call that has its answer. */
export interface Ended {
  readonly outcome: Outcome;
  readonly request: unknown;
  readonly signal: AbortSignal | undefined;
  /** In milliseconds. */
  readonly elapsed: number;
}

/**
 * What `classify` says of a call; undefined where the default counts. That is so where it returns undefined, and where it throws or returns
 * something else, which is reported: the call must be counted all the same.
 *
 * @param required returns a verdict that is one, and throws for all else
 */
export function classified<Verdict>(
  classify: Classify<Verdict>,
  { outcome, request, signal, elapsed }: Ended,
  required: (verdict: unknown) => Verdict,
): Verdict | undefined {
  try {
    const verdict: unknown = classify(outcome, { request, elapsed, aborted: isGivenUp(signal) });
    return verdict === undefined ? undefined : required(verdict);
  } catch (error) {
    report(error);
    return undefined;
  }
}

/**
 * What a call says of the service where nobody says otherwise. A response is a success, a rejection a failure. A refusal (`isRefusal`) says
 * nothing, and neither does a call whose caller gave up, unless because it took too long.
 */
export function verdictByDefault(outcome: Outcome, signal: AbortSignal | undefined): "success" | "failure" | "ignore" {
  if (outcome.status === "fulfilled") return "success";
  return isRefusal(outcome.reason) || isGivenUp(signal) ? "ignore" : "failure";
}

/** Whether a caller gave up by itself: its signal is aborted, and not by a timeout. */
export function isGivenUp(signal: AbortSignal | undefined): boolean {
  return signal !== undefined && signal.aborted && !isTimeout(abortReason(signal));
}
