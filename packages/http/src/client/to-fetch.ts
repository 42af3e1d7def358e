import type { Service } from "@sluice/core";
import { requireService } from "@sluice/core/kit";
import { type HttpRequest, isRequest } from "./http-request.ts";
import { isStatusError } from "./status-error.ts";

/**
 * A function like `fetch` whose requests go through a service: for your code, and for other clients that take a `fetch`.
 *
 * It resolves with a response whatever its status is, as `fetch` does: it turns a `StatusError` back into a response with the first 64 KiB
 * of the body. It rejects with any other failure of the service. The signal of `init` or of the `Request` aborts waits in lines and
 * backoffs, and the exchange.
 *
 * @example
 * const api = new SomeClient({ fetch: toFetch(service) });
 *
 * @throws TypeError when `service` is not a service
 */
export function toFetch(service: Service<HttpRequest, Response>): typeof fetch {
  requireService("toFetch", "service", service);
  return async (input: string | URL | Request, init?: RequestInit | null): Promise<Response> => {
    // Fetch takes null for no init.
    const request = requestOf(input, init ?? undefined);
    const signal = request.signal ?? undefined;
    try {
      return await service.call(request, { signal });
    } catch (error) {
      if (isStatusError(error)) return error.toResponse();
      throw error;
    }
  };
}

/** The arguments of `fetch` as plain data, so that a body that is a value can be sent again. */
function requestOf(input: string | URL | Request, init: RequestInit | undefined): HttpRequest {
  if (typeof input === "object" && "clone" in input) return init === undefined ? input : new Request(input, init);
  if (init === undefined) return { url: input };
  // The members of a `Request` are not own members, so it cannot be spread.
  if (isRequest(init as HttpRequest)) return new Request(input, init);
  const { method, headers, body, signal, ...rest } = init;
  return { url: input, method, headers, body, signal, init: rest };
}
