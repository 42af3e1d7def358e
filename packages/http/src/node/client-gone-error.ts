import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** The client closed the connection, or cancelled the stream, before its answer was written. It is the abort reason of the signal. */
export class ClientGoneError extends SluiceError {
  declare readonly name: "ClientGoneError";
  override readonly code = "ERR_SLUICE_HTTP_CLIENT_GONE";

  constructor() {
    super("The client has left.", { trace: false });
  }
}

brand(ClientGoneError, { name: "ClientGoneError" });

/** Whether `error` is a {@link ClientGoneError}, from any copy of this package. */
export function isClientGoneError(error: unknown): error is ClientGoneError {
  return isBranded(error, "ClientGoneError");
}
