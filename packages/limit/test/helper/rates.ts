import { FixedWindow, type RateOptions, SlidingWindow, TokenBucket } from "../../src/index.ts";

/** Any of the gates. */
export type AnyRate = SlidingWindow | TokenBucket | FixedWindow;

/** Each algorithm and its gate. */
export const rates: readonly (readonly [algorithm: string, make: (options: RateOptions) => AnyRate])[] = [
  ["sliding-window", (options) => new SlidingWindow(options)],
  ["token-bucket", (options) => new TokenBucket(options)],
  ["fixed-window", (options) => new FixedWindow(options)],
];
