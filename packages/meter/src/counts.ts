import type { Clock } from "@sluice/core";
import { failureCode, isOwnAbort } from "@sluice/core/kit";
import { CodeCounts } from "./code-counts.ts";
import { announceDuration } from "./duration-listeners.ts";
import { Histogram } from "./histogram.ts";

/** How waits, or calls, ended without success: aborted by the caller, or failed, by code. */
export class Ends {
  aborted = 0;
  readonly failed: CodeCounts;

  constructor(codes: number) {
    this.failed = new CodeCounts(codes);
  }

  /** @param signal the caller's. A failure with the signal's own reason is an abort, and nothing else */
  add(signal: AbortSignal | undefined, reason: unknown): void {
    if (isAbort(signal, reason)) this.aborted++;
    else this.failed.add(failureCode(reason));
  }
}

function isAbort(signal: AbortSignal | undefined, reason: unknown): boolean {
  try {
    return isOwnAbort(signal, reason);
  } catch {
    // A signal of another make.
    return false;
  }
}

/** What one meter counts. Plain members: a call changes a handful of them. */
export class Counts {
  enabled: boolean;
  readonly clock: Clock;
  /** The layer value that they are of. */
  meter: object | undefined = undefined;

  // Now.
  waiting = 0;
  reserved = 0;
  active = 0;
  abandoned = 0;

  // From the beginning.
  granted = 0;
  released = 0;
  refused = 0;
  ok = 0;
  readonly refusedBy: CodeCounts;
  readonly unready: Ends;
  readonly calls: Ends;

  /** Undefined where no durations are measured, and no clock is read. */
  readonly wait: Histogram | undefined;
  readonly duration: Histogram | undefined;

  constructor(enabled: boolean, durations: boolean, codes: number, clock: Clock) {
    this.enabled = enabled;
    this.clock = clock;
    this.refusedBy = new CodeCounts(codes);
    this.unready = new Ends(codes);
    this.calls = new Ends(codes);
    this.wait = durations ? new Histogram() : undefined;
    this.duration = durations ? new Histogram() : undefined;
  }

  /** Somebody who waited was let in, after so many milliseconds. */
  waited(ms: number): void {
    this.wait?.record(ms);
    announceDuration(this.meter, "wait", ms);
  }

  /** A call was answered, after so many milliseconds. */
  took(ms: number): void {
    this.duration?.record(ms);
    announceDuration(this.meter, "call", ms);
  }
}
