import { longestTimer, readOptions, requireNumber, requireObject } from "@sluice/core/kit";

/** How calls are gathered into samples. */
export interface WindowOptions {
  /** How long a window lasts, at least: milliseconds, from 10 to 2^31-1. Default 1,000. */
  readonly time?: number | undefined;
  /** How many calls it has, at least: a whole number from 1 to 2^53-1. Default 10. */
  readonly samples?: number | undefined;
  /** Which of its round trips stands for all: above 0, at most 1 (0.5 is the median). Default: the mean. */
  readonly quantile?: number | undefined;
}

/** A window that was checked. */
export interface RequiredWindow {
  readonly time: number;
  readonly samples: number;
  readonly quantile: number | undefined;
}

/**
 * The checked option `window`; undefined where there are none.
 *
 * @throws TypeError | RangeError when it is not in its range, and when the algorithm needs windows
 */
export function requireWindow(
  owner: string,
  window: WindowOptions | false | undefined,
  eachSample: boolean,
): RequiredWindow | undefined {
  if (window === false) {
    if (eachSample) return undefined;
    throw new TypeError(
      `${owner}: window must be an object, for this algorithm is not for each sample; received false`,
    );
  }
  if (window !== undefined) requireObject(owner, "window", window, "an object with time (ms), samples or quantile");
  const {
    time = 1_000,
    samples = 10,
    quantile,
  } = readOptions(`${owner}: window`, window, ["time", "samples", "quantile"]);
  requireNumber(owner, "window.time", time, { min: 10, max: longestTimer });
  requireNumber(owner, "window.samples", samples, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
  if (quantile !== undefined) requireNumber(owner, "window.quantile", quantile, { min: 0, max: 1, above: true });
  return { time, samples, quantile };
}
