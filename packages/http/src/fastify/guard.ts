import type { CallOptions, FailureOf, Kind, Service, ServiceBuilder } from "@sluice/core";
import { requireMethods } from "@sluice/core/kit";
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, RouteHandlerMethod } from "fastify";
import { Exchange, exchangeOf } from "../node/exchange.ts";
import { isOver, type NodeResponse } from "../node/node-http.ts";
import { ignoreLateWrites, sendInstead, sendProblem, withoutConnection } from "../node/send-problem.ts";
import type { WithAnswers } from "../server/answer/answers.ts";
import { undeclared } from "../server/answer/known-answers.ts";
import { ofAnotherAnswer } from "../server/answer/of-another-answer.ts";
import type { WrittenProblem } from "../server/answer/problem.ts";
import { type EdgeOptions, type EdgePolicy, noTimeLeft, readEdge } from "../server/edge/edge-policy.ts";
import type { Around, FitsEdge } from "../server/edge/stack.ts";
import { FollowedHandler } from "./followed-handler.ts";

/** Options of {@link guard}. */
export type GuardOptions = EdgeOptions<FastifyRequest>;

/** A stack around a handler of Fastify. */
export type AroundFastify<Ks extends readonly Kind[]> = Around<Ks, FastifyRequest, FastifyReply["raw"]>;

/**
 * A plugin that puts a stack in front of the routes of the instance that it is registered on, and of its child instances. Its layers see
 * Fastify's request, and the raw response as the response of a call. A request is admitted before its body is parsed.
 *
 * A call lasts until the response has closed **and the handler's promise has settled**, for routes that are added after the plugin is
 * loaded, so await `register`. For earlier routes, a call lasts until the response has closed.
 *
 * Declared failures are answered, each with its status, also those of handlers; other errors go to Fastify's error handler. A stack that
 * raises a failure which no edge answers by itself does not compile without `answers`.
 *
 * @example
 * await app.register(guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(2_000))));
 * app.get("/reports/:id", async (request) => makeReport(request.params, signalOf(request)));
 *
 * @throws TypeError | RangeError when `stack` is not a stack, or an option is not in its range
 */
export function guard<Ks extends readonly Kind[]>(
  stack: ServiceBuilder<Ks> & FitsEdge<AroundFastify<Ks>, FastifyRequest, FastifyReply["raw"]>,
  ...options: WithAnswers<GuardOptions, FailureOf<AroundFastify<Ks>>, FastifyRequest>
): FastifyPluginCallback;
export function guard(stack: ServiceBuilder, ...[options]: readonly unknown[]): FastifyPluginCallback {
  requireMethods("guard", "stack", stack, "a stack of layers, new ServiceBuilder().layer(…)", ["serviceFn"]);
  const edge = new FastifyEdge(stack, readEdge("guard", options as object | undefined));
  const plugin: FastifyPluginCallback = (instance, _options, loaded) => {
    instance.addHook("onRequest", (request, reply, done) => {
      edge.serve(request, reply, done);
    });
    instance.addHook("onRoute", (route) => {
      route.handler = edge.following(route.handler);
    });
    loaded();
  };
  // Makes the hooks apply to the instance on which it is registered; otherwise Fastify makes a child instance for the plugin.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

/** A request with a followed handler for each guard that it has passed. */
interface Followed {
  [key: symbol]: FollowedHandler | undefined;
}

/** Serves requests through a stack. */
class FastifyEdge {
  private readonly policy: EdgePolicy;
  private readonly service: Service<FastifyRequest, NodeResponse>;
  /** The property of a request with its handler behind this guard. */
  private readonly key = Symbol("handler");

  constructor(stack: ServiceBuilder, policy: EdgePolicy) {
    this.policy = policy;
    this.service = stack.serviceFn((request: FastifyRequest, options) => {
      const exchange = typeof request?.raw === "object" ? exchangeOf(request.raw) : undefined;
      if (exchange !== undefined) return exchange.begin(options);
      throw new TypeError("guard: a layer must hand on the request that it is given; received another one");
    });
  }

  serve(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { policy } = this;
    const { timeoutHeader } = policy;
    if (isOver(reply.raw)) return;
    const deadline = timeoutHeader === undefined ? undefined : policy.deadline(request.headers[timeoutHeader]);
    if (deadline === "passed") {
      send(reply, noTimeLeft);
      return;
    }
    try {
      const admitted = policy.admit(this.service, request);
      if (admitted === undefined) {
        send(reply, policy.refusal(request));
        return;
      }
      this.enter(admitted, request, reply, deadline, done);
    } catch (error) {
      this.fail(undefined, request, reply, error);
    }
  }

  private enter(
    admitted: { call(request: FastifyRequest, options: CallOptions): Promise<unknown> },
    request: FastifyRequest,
    reply: FastifyReply,
    deadline: number | undefined,
    done: () => void,
  ): void {
    const handler = new FollowedHandler();
    const exchange = new Exchange(request.raw, reply.raw, () => {
      done();
      return handler.settled;
    });
    handler.endWith(exchange.answered);
    (request.raw as object as Followed)[this.key] = handler;
    const sendNow = reply.send.bind(reply);
    reply.send = (...payload) => {
      handler.sending = true;
      return sendNow(...payload);
    };
    const failed = (error: unknown): void => {
      // The client has left: there is no answer to send, and no failure to report.
      if (!exchange.isGone) this.fail(handler, request, reply, error);
    };
    admitted.call(request, exchange.options(deadline)).then((answer) => {
      const error = exchange.unanswered(answer);
      if (error !== undefined) failed(error);
    }, failed);
  }

  /** The handler of a route, followed until its promise has settled. */
  following(handler: RouteHandlerMethod): RouteHandlerMethod {
    const { key, policy } = this;
    return function (request, reply) {
      const followed = (request.raw as object as Followed)[key];
      if (followed === undefined) return handler.call(this, request, reply);
      return followed.run(
        () => handler.call(this, request, reply),
        reply,
        (error) => {
          const problem = policy.declared(error, request);
          if (problem === undefined || isOver(reply.raw) || reply.raw.headersSent) return false;
          send(reply, problem);
          return true;
        },
      );
    };
  }

  private fail(
    handler: FollowedHandler | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
    error: unknown,
  ): void {
    // A failure of the handler was answered, or is with Fastify's error handler.
    const ownFailure = handler?.failedWith(error);
    if (ownFailure === "answered") return;
    const problem = this.policy.declared(error, request);
    if (problem === undefined) this.policy.told(error, request);
    if (ownFailure !== undefined || isOver(reply.raw)) return;
    if (handler !== undefined) handler.over = true;
    if (reply.sent || reply.raw.headersSent || handler?.sending === true) {
      sendPast(reply, problem ?? undeclared);
      return;
    }
    ignoreLateWrites(reply.raw);
    send(reply, problem ?? undeclared);
  }
}

/**
 * Answers without Fastify, which has sent the head of another answer, or still runs its hooks for one. After a second `reply.send`, it would
 * write both.
 */
function sendPast(reply: FastifyReply, problem: WrittenProblem): void {
  const { raw } = reply;
  if (!raw.headersSent) {
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  }
  reply.hijack();
  sendInstead(reply.request.raw, raw, problem);
}

function send(reply: FastifyReply, problem: WrittenProblem): void {
  if (reply.sent) {
    // After `reply.hijack()` Fastify sends nothing any more.
    sendProblem(reply.request.raw, reply.raw, problem);
    return;
  }
  const { status, headers, body } = problem;
  for (const name of Object.keys(reply.getHeaders())) if (ofAnotherAnswer.test(name)) reply.removeHeader(name);
  void reply
    .code(status)
    .headers(reply.request.raw.httpVersionMajor > 1 ? withoutConnection(headers) : headers)
    .send(body);
}
