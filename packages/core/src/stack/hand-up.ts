import type { CallOptions } from "../contract/service.ts";
import { report } from "../kit/report.ts";

/** Registers `work` that goes on after the answer with the gates outside. Called before the answer is out. Never throws. */
export function handUp(options: CallOptions, work: Promise<unknown>): void {
  try {
    options.waitUntil?.(work);
  } catch (error) {
    report(error);
  }
}
