import { brand, isBranded } from "../kit/brand.ts";

/** A permit was used a second time: each is good for one call. The call reached nobody. */
export class PermitSpentError extends Error {
  override readonly name = "PermitSpentError";
  readonly code = "ERR_SLUICE_PERMIT_SPENT";

  static {
    brand(this.prototype, "PermitSpentError");
  }

  constructor() {
    super("This permit was spent or given back before; reserve another for each call.");
  }
}

/** Whether `error` is a {@link PermitSpentError}, of whichever copy of this package. */
export function isPermitSpentError(error: unknown): error is PermitSpentError {
  return isBranded(error, "PermitSpentError");
}

/** The rejection of a permit that was spent before. */
export function spentAlready(): Promise<never> {
  return Promise.reject(new PermitSpentError());
}
