import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** Refused: the buffer was closed, or is being drained, and takes no more work. The request was not sent. */
export class BufferClosedError extends SluiceError {
  declare readonly name: "BufferClosedError";
  override readonly code = "ERR_SLUICE_BUFFER_CLOSED";
  /** The name of the layer that refused. */
  readonly layer = "buffer";
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** Why it refused: a 503 at an HTTP edge. */
  readonly reason = "closed";

  /** @param label the label of the layer */
  constructor(label?: string) {
    super("Refused: the buffer is closed.", { trace: false });
    this.label = label;
  }
}

brand(BufferClosedError, { name: "BufferClosedError", refusal: true });

/** Whether `error` is a {@link BufferClosedError}, of whichever copy of this package. */
export function isBufferClosedError(error: unknown): error is BufferClosedError {
  return isBranded(error, "BufferClosedError");
}
