import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/**
 * Another attempt has answered: why the signal of an attempt that is still running is aborted. Only the service inside sees it; the caller
 * has the answer. It captures no stack trace.
 */
export class HedgeLostError extends SluiceError {
  declare readonly name: "HedgeLostError";
  override readonly code = "ERR_SLUICE_HEDGE_LOST";

  constructor() {
    super("Another attempt has answered.", { trace: false });
  }
}

brand(HedgeLostError, { name: "HedgeLostError" });

/** Whether `error` is a {@link HedgeLostError}, of whichever copy of this package. */
export function isHedgeLostError(error: unknown): error is HedgeLostError {
  return isBranded(error, "HedgeLostError");
}
