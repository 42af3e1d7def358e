import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** What a {@link StoreDownError} says. */
export interface StoreDownErrorOptions {
  /** The limit's label, where it has one. */
  readonly label?: string | undefined;
  /** In how many milliseconds the store is asked again, at the earliest; undefined where that is unknown. */
  readonly retryAfter?: number | undefined;
  /** What the store failed with, or the error that says that it did not answer in time. */
  readonly cause?: unknown;
}

/**
 * Refused: the store of a shared limit cannot be reached, and its `outage` says `"refuse"`. Nothing was tried, and `isRefusal` says so. It
 * says nothing about the limit: whether that is exhausted is not known. It captures no stack trace; `cause` has the store's own error.
 */
export class StoreDownError extends SluiceError {
  declare readonly name: "StoreDownError";
  override readonly code = "ERR_SLUICE_STORE_DOWN";
  /** The name of the layer that refused: `"sharedRateLimit"` or `"sharedConcurrencyLimit"`. */
  readonly layer: string | undefined;
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** Why it refused, in the words of `OverloadedError`. */
  readonly reason = "store";
  /** In how many milliseconds the store is asked again, at the earliest. */
  readonly retryAfter: number | undefined;

  /**
   * @param layer the name of the layer that refused
   * @param options why, and for how long
   */
  constructor(layer?: string, { label, retryAfter, cause }: StoreDownErrorOptions = {}) {
    super("Refused: the store of a shared limit cannot be reached.", { cause, trace: false });
    this.layer = layer;
    this.label = label;
    this.retryAfter = retryAfter;
  }
}

brand(StoreDownError, { name: "StoreDownError", refusal: true });

/** Whether `error` is a {@link StoreDownError}, of whichever copy of this package. */
export function isStoreDownError(error: unknown): error is StoreDownError {
  return isBranded(error, "StoreDownError");
}
