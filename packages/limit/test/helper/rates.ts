import type { RateAlgorithm } from "@sluice/test-kit";
import { FixedWindow, type RateOptions, SlidingWindow, TokenBucket } from "../../src/index.ts";

/** Any of the gates. */
export type AnyRate = SlidingWindow | TokenBucket | FixedWindow;

/** Each algorithm and its gate. */
export const rates: readonly (readonly [algorithm: RateAlgorithm, make: (options: RateOptions) => AnyRate])[] = [
  ["sliding-window", (options) => new SlidingWindow(options)],
  ["token-bucket", (options) => new TokenBucket(options)],
  ["fixed-window", (options) => new FixedWindow(options)],
];
