import { type Adds, events, type Layer } from "@sluice/core";
import { callLayer, isOwnAbort, readOptions, requireLabel, requireNumber } from "@sluice/core/kit";
import { BodyTooLargeError } from "./body-too-large-error.ts";
import { limitedRequest } from "./limited-request.ts";

/** Options of {@link limitBody}. */
export interface LimitBodyOptions {
  /** Tells this layer apart from others of its kind, in events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer that limits the bodies of requests. One layer value counts for all services that it wraps. */
export interface LimitBody extends Layer<Adds<BodyTooLargeError, Request>> {
  /** Requests that were refused, before or while their body was read. */
  readonly refused: number;
}

const name = "limitBody";

/**
 * Refuses requests whose body is larger than `bytes`, with `BodyTooLargeError`: immediately by `Content-Length`, otherwise as soon as more
 * has been read. In the latter case reading the body fails with that error, and if the handler then fails with any error, the call fails
 * with that one.
 *
 * @example
 * new ServiceBuilder().layer(limitBody(1_048_576)).layer(concurrencyLimit(4));
 *
 * @param bytes a whole number of 0 or more
 * @throws TypeError | RangeError when `bytes` is not, or an option is not in its range
 */
export function limitBody(bytes: number, options?: LimitBodyOptions): LimitBody {
  requireNumber(name, "bytes", bytes, { min: 0, integer: true });
  const { label } = readOptions(name, options, ["label"]);
  requireLabel(name, label);
  let refused = 0;
  const source = {};
  const refuse = (): BodyTooLargeError => {
    refused++;
    if (events.listening) events.emit({ type: "refuse", layer: name, label, source, limit: bytes });
    return new BodyTooLargeError(bytes);
  };
  const layer = callLayer<Adds<BodyTooLargeError, Request>>(
    name,
    (inside, request: Request, callOptions) => {
      const declared = declaredLength(request);
      if (declared !== undefined && declared > bytes) {
        inside.cancel();
        return Promise.reject(refuse());
      }
      // A server reads no more of this request than its declared length.
      if (declared !== undefined || !hasBody(request)) return inside.start(request, callOptions);
      let tooLarge: BodyTooLargeError | undefined;
      const limited = limitedRequest(request, request.body, bytes, () => (tooLarge = refuse()));
      return inside.start(limited, callOptions).catch((error: unknown) => {
        // Parsers wrap it in their own error.
        throw tooLarge === undefined || isOwnAbort(callOptions.signal, error) ? error : tooLarge;
      });
    },
    { label, facts: { bytes } },
  );
  return {
    ...layer,
    get refused() {
      return refused;
    },
  };
}

/** Some runtimes have no member `body` where there is no body. */
function hasBody(request: Request): request is Request & { readonly body: NonNullable<Request["body"]> } {
  return (request.body ?? null) !== null;
}

/** Undefined without `Content-Length`, and with `Transfer-Encoding`. */
function declaredLength({ headers }: Request): number | undefined {
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) && !headers.has("transfer-encoding") ? Number(length) : undefined;
}
