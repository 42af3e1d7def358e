import { raises, type Service, serviceFn } from "@sluice/core";
import { readOptions, requireFunction, requireObject } from "@sluice/core/kit";
import { exchange, type Fetch } from "./exchange.ts";
import type { HttpInit, HttpRequest } from "./http-request.ts";
import type { NetworkError } from "./network-error.ts";

/** Options of {@link fetchService}. */
export interface FetchServiceOptions {
  /** The function that sends; default the global `fetch`, looked up at each call. */
  readonly fetch?: ((url: any, init?: any) => Promise<Response>) | undefined;
  /** The `init` for every request, such as `{ redirect: "manual" }`; the `init` of a request overrides it. Default: none. */
  readonly init?: HttpInit | undefined;
}

const name = "fetchService";

/**
 * `fetch` as a service: always ready. It returns a `Response` as soon as its head has arrived, whatever the status (see `failOnStatus`).
 * Redirects, connections and caches are those of `fetch`.
 *
 * It rejects with the signal's reason when the signal of the call or of the request aborts; with `NetworkError` where the connection
 * failed; and with the error of `fetch` for a request that cannot be sent, such as one with a line break in a header. A body that breaks
 * off later rejects where it is read.
 *
 * @example
 * const users = new ServiceBuilder().layer(timeout(1_000)).layer(failOnStatus()).service(fetchService());
 * const response = await users.call({ url: "https://example.com/users/1" });
 *
 * @throws TypeError when an option is not in its range
 */
export function fetchService(options?: FetchServiceOptions): Service<HttpRequest, Response, NetworkError> {
  const { fetch: given, init } = readOptions(name, options, ["fetch", "init"]);
  if (given !== undefined) requireFunction(name, "fetch", given);
  if (init !== undefined) requireObject(name, "init", init);
  return serviceFn(
    (request: HttpRequest, callOptions) => exchange(given ?? (fetch as Fetch), init, request, callOptions),
    raises<NetworkError>(),
  );
}
