import { type OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import type { BufferClosedError } from "@sluice/buffer";
import { answerFailures } from "@sluice/http";
import type { TimeoutError } from "@sluice/timeout";
import type { FilteredError } from "@sluice/util";
import type { RouteNotFoundError } from "@sluice/util-box";
import type { GatewayRequest } from "./gateway-request.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** Every failure that a route of this gateway can raise. */
export type Failure =
  | OverloadedError
  | BufferClosedError
  | TimeoutError
  | RouteNotFoundError
  | FilteredError
  | UpstreamError;

/**
 * The routes with an answer for everything, in problem details. `answerFailures` knows the failures of Sluice's own layers, but whether a request
 * that was filtered out is a 400 or a 403, and what a backend's failure is, only this gateway knows. A failure that nobody answers does not
 * compile. It waits for a route that lets its callers wait (`quote`): each route bounds the wait itself.
 */
export function answered(routes: Service<GatewayRequest, Response, Failure>): Service<GatewayRequest, Response, never> {
  return new ServiceBuilder()
    .layer(
      answerFailures(
        {
          ERR_SLUICE_FILTERED: (_error: FilteredError) => ({ status: 400, detail: "The id must be a number." }),
          ERR_DEMO_UPSTREAM: ({ status }: UpstreamError) => ({
            status: 502,
            detail: status === undefined ? "The backend cannot be reached." : `The backend answered ${status}.`,
          }),
        },
        { wait: true },
      ),
    )
    .service(routes);
}
