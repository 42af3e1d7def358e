import type { RefusalOptions, RefusalReason } from "../contract/refusal.ts";
import { brand, isBranded } from "../kit/brand.ts";
import { SluiceError } from "./sluice-error.ts";

/**
 * Refused: a layer of the stack is at capacity, and the caller could not or would not wait. Nothing was tried. It captures no
 * stack trace, which is about half of what a refusal costs; its `stack` is its name and message.
 */
export class OverloadedError extends SluiceError {
  declare readonly name: "OverloadedError";
  override readonly code = "ERR_SLUICE_OVERLOADED";
  /** The name of the layer that refused, such as `"concurrencyLimit"`. */
  readonly layer: string | undefined;
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** Why it refused: `"rate"` is a 429 at an HTTP edge, the others are a 503. */
  readonly reason: RefusalReason;
  /** In how many milliseconds another attempt may succeed, where that is known. */
  readonly retryAfter: number | undefined;

  /**
   * @param layer the name of the layer that refused
   * @param options why, and for how long
   */
  constructor(layer?: string, { label, reason = "capacity", retryAfter }: RefusalOptions = {}) {
    super("Refused: the service is at capacity.", { trace: false });
    this.layer = layer;
    this.label = label;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

brand(OverloadedError, { name: "OverloadedError", refusal: true });

/** Whether `error` is an {@link OverloadedError}, of whichever copy of this package. */
export function isOverloadedError(error: unknown): error is OverloadedError {
  return isBranded(error, "OverloadedError");
}
