import type { Service } from "@sluice/core";
import { requireService } from "@sluice/core/kit";
import { type HttpRequest, isRequest } from "./http-request.ts";
import { isStatusError } from "./status-error.ts";

/**
 * A function as `fetch` is one, whose requests go through a service: for code, and for clients of other makes, that take a `fetch`.
 *
 * It resolves with a response whatever its status is, as `fetch` does: a `StatusError` is made a response again, of which the first 64 KiB
 * of the body are there. With any other failure of the service it rejects. The signal, of `init` or of the `Request`, aborts waiting
 * in lines and in backoffs as well as the exchange.
 *
 * @example
 * const api = new SomeClient({ fetch: toFetch(service) });
 *
 * @throws TypeError when `service` is no service
 */
export function toFetch(service: Service<HttpRequest, Response>): typeof fetch {
  requireService("toFetch", "service", service);
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = requestOf(input, init);
    const signal = request.signal ?? undefined;
    try {
      return await service.call(request, { signal });
    } catch (error) {
      if (isStatusError(error)) return error.toResponse();
      throw error;
    }
  };
}

/** The arguments of `fetch` as plain data, so that a body that is a value stays one, and can be sent again. */
function requestOf(input: string | URL | Request, init: RequestInit | undefined): HttpRequest {
  if (typeof input === "object" && "clone" in input) return init === undefined ? input : new Request(input, init);
  if (init === undefined) return { url: input };
  // Its members are not its own.
  if (isRequest(init as HttpRequest)) return new Request(input, init);
  const { method, headers, body, signal, ...rest } = init;
  return { url: input, method, headers, body, signal, init: rest };
}
