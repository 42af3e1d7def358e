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
  /** The header for the milliseconds until the deadline, or false for none; default `"x-timeout-ms"`. */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * Returns headers to add to each request, such as `() => ({ traceparent: currentTraceparent() })`; undefined ones are left out. They
   * replace the request's own. Called in the caller's async context. Default: none.
   */
  readonly headers?: ((request: HttpRequest) => Readonly<Record<string, string | undefined>> | undefined) | undefined;
  /** The time of the network round trip, which is subtracted: milliseconds, 0 to 2^31-1; default 0. */
  readonly margin?: number | undefined;
  /** Where time is read; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const name = "propagate";

/**
 * Sends the remaining time to the other service, so that it does not work for an answer that comes too late, and the caller's headers, such
 * as a trace or a request id.
 *
 * The remaining time is the time until the call's deadline, less `margin`, in whole milliseconds, rounded down: put this layer inside the
 * timeout of an attempt. Without a deadline it sends no time. It sends a duration and not a time of day, so that the two clocks need not
 * agree.
 *
 * The inner service gets a copy of the request with more headers, made in the call. The reservation is still used, for routes by method or
 * address see no difference.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(timeout(1_000))
 *   .layer(propagate({ headers: () => ({ traceparent: currentTraceparent() }) }))
 *   .service(fetchService());
 *
 * @throws TypeError | RangeError when an option is not in its range, or there is neither a `timeoutHeader` nor `headers`
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

/** @throws TypeError for a header that cannot be sent, such as one with a line break */
function withHeaders(request: HttpRequest, added: readonly [string, string][]): HttpRequest {
  const headers = new Headers(request.headers);
  for (const [key, value] of added) headers.set(key, value);
  return isRequest(request) ? new Request(request, { headers }) : { ...request, headers };
}

function requireHeaderName(value: unknown): void {
  if (typeof value === "string" && /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(value)) return;
  throw new TypeError(`${name}: timeoutHeader must be the name of a header, or false; received ${show(value)}`);
}
