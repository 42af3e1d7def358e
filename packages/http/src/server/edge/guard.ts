import type { FailureOf, HandlerOptions, Kind, Service, ServiceBuilder } from "@sluice/core";
import { requireFunction, requireMethods } from "@sluice/core/kit";
import type { WithAnswers } from "../answer/answers.ts";
import { contextOf, setContext } from "./request-context.ts";
import type { Around, AskedIn, FitsEdge } from "./stack.ts";
import { type FetchEdgeOptions, fetchEdge, type FetchHandler } from "./to-fetch-handler.ts";

/**
 * Puts a stack in front of a `fetch` handler that takes more than the request: `(request, { signal, deadline }, ...context)`, such as route
 * parameters or an `env`. Otherwise it is like `toFetchHandler`, with the same options.
 *
 * For Express and `node:http` use `guard` of `@sluice/http/node`, for Fastify that of `@sluice/http/fastify`, for Hono that of
 * `@sluice/http/hono`.
 *
 * @example
 * export default { fetch: guard(stack, (request, options, env: Env) => env.reports.fetch(request, options)) };
 *
 * @param stack layers that take a `Request` and return a `Response`
 * @throws TypeError | RangeError when `stack` is not a stack, `handler` is not a function, or an option is not in its range
 */
export function guard<Ks extends readonly Kind[], Context extends readonly unknown[]>(
  stack: ServiceBuilder<Ks> & FitsEdge<Around<Ks, Request, Response>, Request, Response>,
  handler: (
    request: AskedIn<Ks, Request>,
    options: HandlerOptions,
    ...context: Context
  ) => Response | PromiseLike<Response>,
  ...options: WithAnswers<FetchEdgeOptions, FailureOf<Around<Ks, Request, Response>>, Request>
): FetchHandler<Context>;
export function guard(
  stack: ServiceBuilder,
  handler: (
    request: Request,
    options: HandlerOptions,
    ...context: readonly unknown[]
  ) => Response | PromiseLike<Response>,
  ...[options]: readonly unknown[]
): FetchHandler {
  requireMethods("guard", "stack", stack, "a stack of layers, new ServiceBuilder().layer(…)", ["serviceFn"]);
  if (handler === undefined) {
    throw new TypeError(
      "guard: handler must be a function; received undefined. For Express and node:http, import guard from @sluice/http/node",
    );
  }
  requireFunction("guard", "handler", handler);
  const self = {};
  const service: Service<Request, Response> = stack.serviceFn((request: Request, callOptions) => {
    const context = contextOf(request, self);
    if (context !== undefined) return handler(request, callOptions, ...context);
    throw new TypeError(
      "guard: a layer must hand on the request that it is given; received another one. With toFetchHandler it may be any.",
    );
  });
  return fetchEdge("guard", service, options as FetchEdgeOptions | undefined, (request, context) => {
    setContext(request, self, context);
  });
}
