import { brand, isBranded, SluiceError } from "@sluice/core/kit";
import { remadeResponse } from "../remade-response.ts";
import { retryAfterOf } from "./retry-after.ts";

/** The part of a body that was read. */
export interface ReadBody {
  /** The beginning of the body. */
  readonly bytes: Uint8Array;
  /** Whether it is the whole body. */
  readonly whole: boolean;
}

const nothing: ReadBody = { bytes: new Uint8Array(), whole: true };

/** The response has a failing status. Its body has been read or cancelled, so that the connection is free. */
export class StatusError extends SluiceError {
  declare readonly name: "StatusError";
  override readonly code = "ERR_SLUICE_HTTP_STATUS";
  /** The status of the response: 503. */
  readonly status: number;
  /** The headers of the response. */
  readonly headers: Headers;
  /** The beginning of the response's body, as text: bytes that are not UTF-8 become U+FFFD. */
  readonly body: string;
  /** The delay of its `Retry-After`, in milliseconds; undefined where there is none. */
  readonly retryAfter: number | undefined;
  readonly #response: Pick<Response, "status" | "statusText" | "headers" | "url" | "redirected">;
  readonly #read: ReadBody;

  /**
   * @param response the failing response, of which only the head is kept
   * @param read the part of its body that was read; default: it has none
   * @param length how many bytes of it become `body`; default 1,024
   */
  constructor(response: Response, read: ReadBody = nothing, length = 1_024) {
    super(`The response has the failing status ${response.status}.`);
    const { status, statusText, headers, url, redirected } = response;
    this.#response = { status, statusText, headers, url, redirected };
    this.#read = read;
    this.status = status;
    this.headers = headers;
    this.body = textOf(read, length);
    this.retryAfter = retryAfterOf(headers);
  }

  /**
   * A new response, for an edge that passes it on: the head, and the first 65,536 bytes of the body. Where there were more, or the body
   * broke off, reading then fails with a `TypeError`. `fetch` of Node.js decodes a body and leaves `Content-Encoding` and `Content-Length` in
   * the head: an edge deletes both before it passes on such a response.
   */
  toResponse(): Response {
    const { url, redirected } = this.#response;
    const { bytes, whole } = this.#read;
    const body = !whole ? brokenOff(bytes) : bytes.length === 0 ? null : bytes;
    const response = remadeResponse(body, this.#response);
    return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } });
  }
}

brand(StatusError, { name: "StatusError" });

/** Whether `error` is a {@link StatusError}, from any copy of this package. */
export function isStatusError(error: unknown): error is StatusError {
  return isBranded(error, "StatusError");
}

function textOf({ bytes, whole }: ReadBody, length: number): string {
  const cut = length < bytes.length || !whole;
  // A character that was cut in two is dropped.
  return new TextDecoder().decode(bytes.subarray(0, length), { stream: cut });
}

function brokenOff(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let given = bytes.length === 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        // An error discards the queue, so it comes with the next pull.
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
