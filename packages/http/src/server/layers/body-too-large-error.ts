import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** The body of a request is larger than `limitBody` allows. */
export class BodyTooLargeError extends SluiceError {
  declare readonly name: "BodyTooLargeError";
  override readonly code = "ERR_SLUICE_HTTP_BODY_TOO_LARGE";
  /** How many bytes a body may have. */
  readonly limit: number;

  /** @param limit how many bytes a body may have */
  constructor(limit: number) {
    super(`Refused: the body is larger than ${limit} bytes.`, { trace: false });
    this.limit = limit;
  }
}

brand(BodyTooLargeError, { name: "BodyTooLargeError" });

/** Whether `error` is a {@link BodyTooLargeError}, from any copy of this package. */
export function isBodyTooLargeError(error: unknown): error is BodyTooLargeError {
  return isBranded(error, "BodyTooLargeError");
}
