import type { Clock, Keeps, Layer } from "@sluice/core";
import {
  callLayer,
  readOptions,
  requireClock,
  requireDuration,
  requireFunction,
  requireNear,
  show,
  timeOf,
} from "@sluice/core/kit";
import { type HttpRequest, isRequest } from "./http-request.ts";

/** Options of {@link propagate}. */
export interface PropagateOptions {
  /** The header that says how many milliseconds are left until the deadline, or false for none; default `"x-timeout-ms"`. */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * Headers to add to each request, such as `() => ({ traceparent: currentTraceparent() })`; those that are undefined are left out.
   * They take the place of the request's own. Called in the caller's async context. Default: none.
   */
  readonly headers?: ((request: HttpRequest) => Readonly<Record<string, string | undefined>> | undefined) | undefined;
  /** What the way there and back takes of the time, in milliseconds, 0 to 2^31-1; default 0. */
  readonly margin?: number | undefined;
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const name = "propagate";

/**
 * Tells the other side what is known on this one: how much time is left, so that it does not work for an answer that nobody waits for, and
 * headers that belong to the caller, such as a trace or a request id.
 *
 * The time is what is left until the call's deadline, less `margin`, in whole milliseconds, and never more than is left: put it inside the
 * timeout of an attempt. Without a deadline nothing is said. It travels as what is left and not as a time of day, so that the two clocks
 * need not agree.
 *
 * The request inside is a copy with more headers, made in the call: what was reserved for it is used, and routes that look at its method
 * or its address see the same.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(timeout(1_000))
 *   .layer(propagate({ headers: () => ({ traceparent: currentTraceparent() }) }))
 *   .service(fetchService());
 *
 * @throws TypeError | RangeError when an option is not as it must be, or nothing is to be told
 */
export function propagate(options?: PropagateOptions): Layer<Keeps<HttpRequest>> {
  const read = readOptions(name, options, ["timeoutHeader", "headers", "margin", "clock"]);
  const { timeoutHeader = "x-timeout-ms", headers, margin = 0 } = read;
  if (timeoutHeader !== false) requireHeaderName(timeoutHeader);
  else if (headers === undefined) {
    throw new TypeError(`${name}: timeoutHeader must be a name where there are no headers; received false`);
  }
  if (headers !== undefined) requireFunction(name, "headers", headers);
  requireDuration(name, "margin", margin);
  const clock = requireClock(name, read.clock);

  return callLayer<Keeps<HttpRequest>>(name, (inside, request: HttpRequest, callOptions) => {
    const { deadline } = callOptions;
    const added: [string, string][] = [];
    for (const [key, value] of Object.entries(headers?.(request) ?? {})) {
      if (value !== undefined) added.push([key, value]);
    }
    if (timeoutHeader !== false && deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) {
      const now = timeOf(clock);
      requireNear(name, deadline, now);
      added.push([timeoutHeader, String(Math.max(0, Math.floor(deadline - now - margin)))]);
    }
    return inside.start(added.length === 0 ? request : withHeaders(request, added), callOptions);
  });
}

/** @throws TypeError for a header that cannot be sent, such as one with a line break in it */
function withHeaders(request: HttpRequest, added: readonly [string, string][]): HttpRequest {
  const headers = new Headers(request.headers);
  for (const [key, value] of added) headers.set(key, value);
  return isRequest(request) ? new Request(request, { headers }) : { ...request, headers };
}

function requireHeaderName(value: unknown): void {
  if (typeof value === "string" && /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(value)) return;
  throw new TypeError(`${name}: timeoutHeader must be the name of a header, or false; received ${show(value)}`);
}
