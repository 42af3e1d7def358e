import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** Options of {@link StoreDownError}. */
export interface StoreDownErrorOptions {
  /** The limit's label, where it has one. */
  readonly label?: string | undefined;
  /** The earliest time at which the store is asked again, in milliseconds from now; undefined where that is unknown. */
  readonly retryAfter?: number | undefined;
  /** The store's error, or the error for a missing answer. */
  readonly cause?: unknown;
}

/**
 * A refusal: the store of a shared limit cannot be reached, and the member has nothing to admit callers by. Nothing was tried, and
 * `isRefusal` is true of it. Whether the limit is exhausted is unknown. It captures no stack trace; `cause` is the store's error.
 */
export class StoreDownError extends SluiceError {
  declare readonly name: "StoreDownError";
  override readonly code = "ERR_SLUICE_STORE_DOWN";
  /** The name of the layer that refused: `"sharedRateLimit"` or `"sharedConcurrencyLimit"`. */
  readonly layer: string | undefined;
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** As the `reason` of `OverloadedError`. */
  readonly reason = "store";
  /** The earliest time at which the store is asked again, in milliseconds from the refusal. */
  readonly retryAfter: number | undefined;

  /**
   * @param layer the name of the layer that refused
   * @param options label, `retryAfter` and cause
   */
  constructor(layer?: string, { label, retryAfter, cause }: StoreDownErrorOptions = {}) {
    super("Refused: the store of a shared limit cannot be reached.", { cause, trace: false });
    this.layer = layer;
    this.label = label;
    this.retryAfter = retryAfter;
  }
}

brand(StoreDownError, { name: "StoreDownError", refusal: true });

/** Whether `error` is a {@link StoreDownError}, from any copy of this package. */
export function isStoreDownError(error: unknown): error is StoreDownError {
  return isBranded(error, "StoreDownError");
}
