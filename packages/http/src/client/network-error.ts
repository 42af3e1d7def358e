import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** There was no response: the connection was refused, reset or never made, the name is unknown, or TLS failed. */
export class NetworkError extends SluiceError {
  declare readonly name: "NetworkError";
  override readonly code = "ERR_SLUICE_HTTP_NETWORK";
  /** The platform's code, if there is one: `"ECONNREFUSED"`, `"ENOTFOUND"`, `"UND_ERR_SOCKET"`. */
  readonly causeCode: string | undefined;

  /** @param cause the error of fetch */
  constructor(cause?: unknown) {
    super("The request had no response: the connection failed.", { cause });
    this.causeCode = codeIn(cause);
  }
}

brand(NetworkError, { name: "NetworkError" });

/** Whether `error` is a {@link NetworkError}, from any copy of this package. */
export function isNetworkError(error: unknown): error is NetworkError {
  return isBranded(error, "NetworkError");
}

/** The first `code` that is text, along the chain of causes. Fetch's own error has none, but its cause does. */
function codeIn(error: unknown, depth = 0): string | undefined {
  if (typeof error !== "object" || error === null || depth > 8) return undefined;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === "string" ? code : codeIn(cause, depth + 1);
}
