import type { FailureOf, HandlerOptions, Kind, Service, ServiceBuilder } from "@sluice/core";
import { requireFunction, requireMethods } from "@sluice/core/kit";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { WithAnswers } from "../server/answer/answers.ts";
import { type EdgeOptions, type EdgePolicy, noTimeLeft, readEdge } from "../server/edge/edge-policy.ts";
import { undeclared } from "../server/answer/known-answers.ts";
import type { Around, AskedIn, FitsEdge } from "../server/edge/stack.ts";
import { Exchange, exchangeOf, type Work } from "./exchange.ts";
import { isOver, type NodeRequest, type NodeResponse } from "./node-http.ts";
import { sendInstead, sendProblem } from "./send-problem.ts";

/** Calls the next handler, or the error handler. */
export type NextFunction = (error?: unknown) => void;

/** The requests that a stack of these layers takes. */
export type GuardedRequest<Ks extends readonly Kind[]> = [NodeRequest] extends [AskedIn<Ks, NodeRequest>]
  ? NodeRequest
  : AskedIn<Ks, IncomingMessage>;

/** A stack around a handler of `node:http`. */
export type AroundNode<Ks extends readonly Kind[]> = Around<Ks, AskedIn<Ks, IncomingMessage>, ServerResponse>;

/** A stack in front of handlers of `node:http`: a middleware for Express and similar frameworks. */
export interface Guard<in Asked extends NodeRequest = NodeRequest> {
  /**
   * Admits requests to the handlers after it. A call lasts **until the response has closed**, so work that goes on after its client has
   * left is not counted. {@link handle} counts it.
   */
  (request: Asked, response: NodeResponse, next: NextFunction): void;
  /**
   * The same around one handler. A call lasts until the response has closed **and the handler's promise has settled**, so a limit counts
   * running work. Undeclared failures of the handler go to `next`, if it is given; otherwise they are answered with 500.
   *
   * @throws TypeError when `handler` is not a function
   */
  handle<Req extends Asked = Asked & IncomingMessage, Res extends NodeResponse = ServerResponse>(
    handler: (request: Req, response: Res, options: HandlerOptions) => unknown,
  ): (request: Req, response: Res, next?: NextFunction) => void;
}

/** Options of {@link guard}. */
export type GuardOptions = EdgeOptions<NodeRequest>;

/**
 * Puts a stack in front of handlers of `node:http`, `node:http2`, Express, and anything else that takes `(request, response, next)`. Its
 * layers see the request, and the response as the response of a call. Put it before middleware that reads bodies.
 *
 * Failures are answered, each with its status (a refusal with 429 or 503 and `Retry-After`, a timeout with 504). A stack that raises a
 * failure which no edge answers by itself does not compile without `answers`.
 *
 * @example
 * const reports = guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(2_000)));
 * app.get("/reports/:id", reports.handle(async (request, response, { signal }) => {
 *   response.json(await makeReport(request.params.id, signal));
 * }));
 *
 * @throws TypeError | RangeError when `stack` is not a stack, or an option is not in its range
 */
export function guard<Ks extends readonly Kind[]>(
  stack: ServiceBuilder<Ks> & FitsEdge<AroundNode<Ks>, AskedIn<Ks, IncomingMessage>, ServerResponse>,
  ...options: WithAnswers<GuardOptions, FailureOf<AroundNode<Ks>>, AskedIn<Ks, IncomingMessage>>
): Guard<GuardedRequest<Ks>>;
export function guard(stack: ServiceBuilder, ...[options]: readonly unknown[]): Guard {
  requireMethods("guard", "stack", stack, "a stack of layers, new ServiceBuilder().layer(…)", ["serviceFn"]);
  const edge = new NodeEdge(stack, readEdge("guard", options as object | undefined));
  const middleware = (request: NodeRequest, response: NodeResponse, next: NextFunction): void => {
    requireFunction("guard", "next", next);
    edge.serve(request, response, () => next(), undefined);
  };
  return Object.assign(middleware, {
    handle: (handler: (request: never, response: never, options: HandlerOptions) => unknown) => {
      requireFunction("guard.handle", "handler", handler);
      return (request: NodeRequest, response: NodeResponse, next?: NextFunction): void => {
        const work: Work = (callOptions) => handler(request as never, response as never, callOptions);
        edge.serve(request, response, work, next);
      };
    },
  }) as Guard;
}

/** Serves exchanges through a stack. */
class NodeEdge {
  private readonly policy: EdgePolicy;
  private readonly service: Service<NodeRequest, NodeResponse>;

  constructor(stack: ServiceBuilder, policy: EdgePolicy) {
    this.policy = policy;
    this.service = stack.serviceFn((request: NodeRequest, options) => {
      const exchange = exchangeOf(request);
      if (exchange !== undefined) return exchange.begin(options);
      throw new TypeError("guard: a layer must hand on the request that it is given; received another one");
    });
  }

  /** @param next gets undeclared failures */
  serve(request: NodeRequest, response: NodeResponse, work: Work, next: NextFunction | undefined): void {
    const { policy } = this;
    // An earlier middleware has answered, or the client has left meanwhile.
    if (isOver(response)) return;
    const { timeoutHeader } = policy;
    const deadline = timeoutHeader === undefined ? undefined : policy.deadline(request.headers[timeoutHeader]);
    if (deadline === "passed") {
      sendProblem(request, response, noTimeLeft);
      return;
    }
    try {
      const admitted = policy.admit(this.service, request);
      if (admitted === undefined) {
        sendProblem(request, response, policy.refusal(request));
        return;
      }
      const exchange = new Exchange(request, response, work);
      const failed = (error: unknown): void => {
        // The client has left: there is no answer to send, and no failure to report.
        if (!exchange.isGone) this.fail(request, response, error, next);
      };
      admitted.call(request, exchange.options(deadline)).then((answer) => {
        const error = exchange.unanswered(answer);
        if (error !== undefined) failed(error);
      }, failed);
    } catch (error) {
      this.fail(request, response, error, next);
    }
  }

  private fail(request: NodeRequest, response: NodeResponse, error: unknown, next: NextFunction | undefined): void {
    const problem = this.policy.declared(error, request);
    if (problem === undefined) {
      this.policy.told(error, request);
      if (next !== undefined && !response.headersSent) {
        next(error);
        return;
      }
    }
    if (!response.writableEnded) sendInstead(request, response, problem ?? undeclared);
  }
}
