import { OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { BufferClosedError } from "@sluice/buffer";
import { TimeoutError } from "@sluice/timeout";
import { FilteredError, recover } from "@sluice/util";
import { RouteNotFoundError } from "@sluice/util-box";
import { type Answer, problem } from "./answer.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Every failure that a route of this gateway can raise. */
export type Failure =
  | OverloadedError
  | BufferClosedError
  | TimeoutError
  | RouteNotFoundError
  | FilteredError
  | UpstreamError;

/** A service that has an answer for everything. What a route may raise and nobody here recovers does not compile. */
export type Edge = Service<GatewayRequest, Answer, never>;

/** Where the stacks end and HTTP begins: each failure becomes the status that says it. */
export function httpEdge(routes: Service<GatewayRequest, Answer, Failure>): Edge {
  return new ServiceBuilder()
    .layer(recover(OverloadedError, overloaded))
    .layer(recover(BufferClosedError, () => problem(503, "The gateway is closing.", { "retry-after": "1" })))
    .layer(recover(TimeoutError, ({ phase }) => problem(504, `It took too long (${phase}).`)))
    .layer(recover(RouteNotFoundError, () => problem(404, "There is no such route.")))
    .layer(recover(FilteredError, () => problem(400, "The id must be a number.")))
    .layer(
      recover(UpstreamError, ({ status }) =>
        problem(502, `The backend ${status === undefined ? "cannot be reached" : `answered ${status}`}.`),
      ),
    )
    .service(routes);
}

/** 429 where a rate was exceeded, for the client then asks too often; 503 where there is too much to do, whoever asks. */
function overloaded({ layer, reason, retryAfter }: OverloadedError): Answer {
  return problem(reason === "rate" ? 429 : 503, `Refused by ${layer ?? "the gateway"}.`, {
    "retry-after": String(secondsToWait(retryAfter)),
  });
}

/** Whole seconds, rounded up, for that is all the header can say; 1 where nothing is known. */
export function secondsToWait(ms: number | undefined): number {
  return ms === undefined ? 1 : Math.max(1, Math.ceil(ms / 1000));
}
