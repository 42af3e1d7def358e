import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** The predicate of a `filter` did not let the request pass. */
export class FilteredError extends SluiceError {
  declare readonly name: "FilteredError";
  override readonly code = "ERR_SLUICE_FILTERED";

  constructor() {
    super("Refused: the filter does not let this request pass.");
  }
}

brand(FilteredError, { name: "FilteredError" });

/** Whether `error` is a {@link FilteredError}, of whichever copy of this package. */
export function isFilteredError(error: unknown): error is FilteredError {
  return isBranded(error, "FilteredError");
}
