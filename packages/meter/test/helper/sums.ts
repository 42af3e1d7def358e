import { expect } from "vitest";
import type { Meter } from "../../src/index.ts";

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** How many questions for readiness have come to an end, or wait. */
export function asked(meter: Meter): number {
  const { waiting, granted, refused, unready } = meter.snapshot();
  return waiting + granted + refused + unready.aborted + total(unready.failed);
}

/** What holds at every moment. */
export function expectToAddUp(meter: Meter): void {
  const { waiting, granted, released, reserved, active, abandoned, refused, refusedBy, calls, wait, duration } =
    meter.snapshot();
  const answered = calls.ok + calls.aborted + total(calls.failed);
  expect(granted).toBe(released + reserved + active + answered);
  expect(duration.count).toBe(answered);
  expect(wait.count).toBeLessThanOrEqual(granted);
  expect(total(refusedBy)).toBe(refused);
  for (const gauge of [waiting, reserved, active, abandoned]) expect(gauge).toBeGreaterThanOrEqual(0);
}

/** What is 0 where nothing goes on. */
export function gauges({ waiting, reserved, active, abandoned }: Meter): readonly number[] {
  return [waiting, reserved, active, abandoned];
}
