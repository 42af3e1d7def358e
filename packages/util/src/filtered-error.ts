import { brand, isBranded } from "@sluice/core/kit";

/** The predicate of a `filter` did not let the request pass. */
export class FilteredError extends Error {
  override readonly name = "FilteredError";
  readonly code = "ERR_SLUICE_FILTERED";

  static {
    brand(this.prototype, "FilteredError");
  }

  constructor() {
    super("Refused: the filter does not let this request pass.");
  }
}

/** Whether `error` is a {@link FilteredError}, of whichever copy of this package. */
export function isFilteredError(error: unknown): error is FilteredError {
  return isBranded(error, "FilteredError");
}
