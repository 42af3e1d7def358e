import { brand, isBranded } from "../kit/brand.ts";
import { SluiceError } from "./sluice-error.ts";

/** A permit was used a second time: each is good for one call. The call had no effect. */
export class PermitSpentError extends SluiceError {
  declare readonly name: "PermitSpentError";
  override readonly code = "ERR_SLUICE_PERMIT_SPENT";

  constructor() {
    super("This permit was spent or released before; reserve another for each call.");
  }
}

brand(PermitSpentError, { name: "PermitSpentError" });

/** Whether `error` is a {@link PermitSpentError}, of whichever copy of this package. */
export function isPermitSpentError(error: unknown): error is PermitSpentError {
  return isBranded(error, "PermitSpentError");
}

/** The rejection of a permit that was spent before. */
export function spentAlready(): Promise<never> {
  return Promise.reject(new PermitSpentError());
}
