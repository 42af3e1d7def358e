import { requireNumber } from "@sluice/core/kit";

/** Options that all algorithms have. */
export interface LimitBounds {
  /** The limit to begin with: a whole number from `min` to `max`. Default 20, or the nearest that is within them. */
  readonly initial?: number | undefined;
  /** What the limit is never below: a whole number of 1 or more. Default 1. */
  readonly min?: number | undefined;
  /** What the limit is never above: a whole number, `min` or more, at most 2^53-1. */
  readonly max?: number | undefined;
}

/**
 * Checked bounds.
 *
 * @throws TypeError | RangeError when one is not in its range
 */
export function requireBounds(
  owner: string,
  bounds: LimitBounds,
  defaultMax: number,
): { readonly initial: number; readonly min: number; readonly max: number } {
  const { min = 1 } = bounds;
  requireNumber(owner, "min", min, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
  const { max = Math.max(defaultMax, min) } = bounds;
  requireNumber(owner, "max", max, { min, max: Number.MAX_SAFE_INTEGER, integer: true });
  const { initial = Math.min(Math.max(20, min), max) } = bounds;
  requireNumber(owner, "initial", initial, { min, max, integer: true });
  return { initial, min, max };
}

/** `value`, held within two bounds. */
export function within(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
