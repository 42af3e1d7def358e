import { brand, isBranded } from "../kit/brand.ts";

/** Refused: somebody in the stack is at capacity, and the caller could not or would not wait. */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";
  readonly code = "ERR_SLUICE_OVERLOADED";
  /** The name of the layer that refused, such as `"concurrencyLimit"`. */
  readonly layer: string | undefined;
  /** In how many milliseconds asking again may succeed, where that is known. */
  readonly retryAfter: number | undefined;

  static {
    brand(this.prototype, "OverloadedError");
  }

  constructor(layer?: string, retryAfter?: number) {
    super("Refused: the service is at capacity.");
    this.layer = layer;
    this.retryAfter = retryAfter;
  }
}

/** Whether `error` is an {@link OverloadedError}, of whichever copy of this package. */
export function isOverloadedError(error: unknown): error is OverloadedError {
  return isBranded(error, "OverloadedError");
}
