import { brand, isBranded } from "@sluice/core/kit";

/** Refused: the buffer was closed, or is being drained, and takes no more work. The request reached nobody. */
export class BufferClosedError extends Error {
  override readonly name = "BufferClosedError";
  readonly code = "ERR_SLUICE_BUFFER_CLOSED";

  static {
    brand(this.prototype, "BufferClosedError");
  }

  constructor() {
    super("Refused: the buffer is closed.");
  }
}

/** Whether `error` is a {@link BufferClosedError}, of whichever copy of this package. */
export function isBufferClosedError(error: unknown): error is BufferClosedError {
  return isBranded(error, "BufferClosedError");
}
