import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/**
 * What took too long: the wait for readiness, the call, or both together; or the caller's own deadline came before any
 * of them was over.
 */
export type TimeoutPhase = "ready" | "call" | "total" | "deadline";

/** Given up: it took too long. The work was told, by its signal, and may still be going on. */
export class TimeoutError extends SluiceError {
  declare readonly name: "TimeoutError";
  override readonly code = "ERR_SLUICE_TIMEOUT";
  /** What took too long. */
  readonly phase: TimeoutPhase;
  /** How many milliseconds it had; for a deadline, what was left of it when it was asked for, 0 when it had passed. */
  readonly ms: number;

  constructor(phase: TimeoutPhase, ms: number) {
    // What was left of a deadline has a dozen digits.
    super(`Took too long: ${phase} had ${phase === "deadline" ? Math.round(ms) : ms} ms.`);
    this.phase = phase;
    this.ms = ms;
  }
}

brand(TimeoutError, { name: "TimeoutError" });

/** Whether `error` is a {@link TimeoutError}, of whichever copy of this package. A `DOMException` of that name is none. */
export function isTimeoutError(error: unknown): error is TimeoutError {
  return isBranded(error, "TimeoutError");
}
