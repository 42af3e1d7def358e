import { isRefusal, type Outcome } from "@sluice/core";
import { isTimeout } from "@sluice/core/kit";

/**
 * What a call says of the limit: `"success"`, its round trip counts; `"dropped"`, it was too much, the limit must go down; `"ignore"`,
 * it says nothing.
 */
export type Classification = "success" | "dropped" | "ignore";

/** What is known of a call when it is classified. */
export interface Classified<out Req = unknown> {
  /** The request of the call. */
  readonly request: Req;
  /** Whether the caller gave up: its signal was aborted by then, and not by a timeout. */
  readonly aborted: boolean;
}

/**
 * A response is a success. A timeout is dropped, and so is a refusal, unless it is an open circuit's or that of a service that is closed:
 * these say nothing of capacity. Other failures are ignored, for failing fast says nothing of how long a call takes.
 */
export function classifyByDefault(outcome: Outcome): Classification {
  if (outcome.status === "fulfilled") return "success";
  const reason: unknown = outcome.reason;
  if (isTimeout(reason)) return "dropped";
  if (isRefusal(reason)) return reason.reason === "circuit" || reason.reason === "closed" ? "ignore" : "dropped";
  return "ignore";
}
