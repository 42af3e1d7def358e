import { requireNumber } from "../kit/check.ts";

/** Parts of a failure are counted in steps of 1/1024: a power of two, so that sums and ratios of them are exact. */
export const steps = 1_024;

/**
 * Whether an outcome failed, or by how much, in steps.
 *
 * @throws TypeError | RangeError when a number is not from 0 to 1
 */
export function toSteps(failed: boolean | number): number {
  if (typeof failed === "boolean") return failed ? steps : 0;
  // The check makes the text of its error each time.
  if (!(failed >= 0 && failed <= 1)) requireNumber("window", "failed", failed, { min: 0, max: 1 });
  return Math.round(failed * steps);
}
