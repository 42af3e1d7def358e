import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** Refused: the buffer was closed, or is being drained, and takes no more work. The request reached nobody. */
export class BufferClosedError extends SluiceError {
  declare readonly name: "BufferClosedError";
  override readonly code = "ERR_SLUICE_BUFFER_CLOSED";

  constructor() {
    super("Refused: the buffer is closed.");
  }
}

brand(BufferClosedError, { name: "BufferClosedError", refusal: true });

/** Whether `error` is a {@link BufferClosedError}, of whichever copy of this package. */
export function isBufferClosedError(error: unknown): error is BufferClosedError {
  return isBranded(error, "BufferClosedError");
}
