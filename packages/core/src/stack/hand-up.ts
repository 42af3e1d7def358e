import type { CallOptions } from "../contract/service.ts";
import { report } from "../kit/report.ts";

/** Tells the gates outside that `work` is still going on. To be said before the answer is out. Never throws. */
export function handUp(options: CallOptions, work: Promise<unknown>): void {
  try {
    options.waitUntil?.(work);
  } catch (error) {
    report(error);
  }
}
