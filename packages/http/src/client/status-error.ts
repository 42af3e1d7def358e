import { brand, isBranded, SluiceError } from "@sluice/core/kit";
import { remadeResponse } from "../remade-response.ts";
import { retryAfterOf } from "./retry-after.ts";

/** What was read of a body. */
export interface ReadBody {
  /** The beginning of the body, as far as it was read. */
  readonly bytes: Uint8Array;
  /** Whether that is all of it. */
  readonly whole: boolean;
}

const nothing: ReadBody = { bytes: new Uint8Array(), whole: true };

/** The response says that the request failed. Its body has been read off, so that its connection is free. */
export class StatusError extends SluiceError {
  declare readonly name: "StatusError";
  override readonly code = "ERR_SLUICE_HTTP_STATUS";
  /** That of the response: 503. */
  readonly status: number;
  /** The response's. */
  readonly headers: Headers;
  /** The beginning of the response's body, as text: what is no UTF-8 is U+FFFD. */
  readonly body: string;
  /** In how many milliseconds the other side wants the request again, where its `Retry-After` says so. */
  readonly retryAfter: number | undefined;
  readonly #response: Pick<Response, "status" | "statusText" | "headers" | "url" | "redirected">;
  readonly #read: ReadBody;

  /**
   * @param response the one that failed, of which only the head is kept
   * @param read what was read of its body; default: it has none
   * @param length of how many bytes of that `body` is made; default 1,024
   */
  constructor(response: Response, read: ReadBody = nothing, length = 1_024) {
    super("The response has a status that says that the request failed.");
    const { status, statusText, headers, url, redirected } = response;
    this.#response = { status, statusText, headers, url, redirected };
    this.#read = read;
    this.status = status;
    this.headers = headers;
    this.body = textOf(read, length);
    this.retryAfter = retryAfterOf(headers);
  }

  /**
   * The response again, for an edge that passes it on: its head, and the first 65,536 bytes of its body. Where there were more, or the body
   * broke off, reading it fails with a `TypeError` after those. Each call makes another one.
   */
  toResponse(): Response {
    const { status, statusText, headers, url, redirected } = this.#response;
    const { bytes, whole } = this.#read;
    const body = !whole ? brokenOff(bytes) : bytes.length === 0 ? null : bytes;
    const response = remadeResponse(body, { status, statusText, headers });
    return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } });
  }
}

brand(StatusError, { name: "StatusError" });

/** Whether `error` is a {@link StatusError}, of whichever copy of this package. */
export function isStatusError(error: unknown): error is StatusError {
  return isBranded(error, "StatusError");
}

function textOf({ bytes, whole }: ReadBody, length: number): string {
  const cut = length < bytes.length || !whole;
  // Of a character that was cut in two, nothing is left.
  return new TextDecoder().decode(bytes.subarray(0, length), { stream: cut });
}

function brokenOff(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let given = bytes.length === 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        // An error takes what is in the queue with it: so it comes with the next pull.
        if (given) {
          controller.error(
            new TypeError(`The body of this response was read for ${bytes.length} bytes, and not to its end.`),
          );
        } else {
          given = true;
          controller.enqueue(bytes);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
