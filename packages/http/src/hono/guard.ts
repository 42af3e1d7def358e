import type { FailureOf, HandlerOptions, Kind, Service, ServiceBuilder } from "@sluice/core";
import { requireMethods } from "@sluice/core/kit";
import type { Context, MiddlewareHandler, Next } from "hono";
import { discard, withFields } from "../remade-response.ts";
import type { WithAnswers } from "../server/answer/answers.ts";
import { responseOf } from "../server/answer/problem-response.ts";
import { ofAnotherAnswer } from "../server/answer/of-another-answer.ts";
import { type EdgeOptions, type EdgePolicy, noTimeLeft, readEdge } from "../server/edge/edge-policy.ts";
import { keepUntil } from "../server/edge/kept-call.ts";
import { honoWorkOf, setHonoWork } from "../server/edge/request-context.ts";
import type { Around, FitsEdge } from "../server/edge/stack.ts";
import { closed, leaving, replace, withoutBody } from "./leaving-response.ts";

/** Options of {@link guard}. */
export type GuardOptions = EdgeOptions<Request>;

/** The variables that {@link guard} sets in Hono's context: `c.get("signal")`. */
export interface GuardEnv {
  readonly Variables: {
    /** Aborts when the client leaves, and when a layer gives up. */
    readonly signal: AbortSignal;
  };
}

/**
 * A middleware that puts a stack in front of the handlers after it. Its layers see the `Request` and the `Response` of Hono, and what they
 * return is sent. A call lasts until the handler has settled **and the response has been sent**: until Node's response has closed, where
 * Hono's adapter for Node provides it (`c.env.outgoing`), otherwise until its body has ended.
 *
 * Declared failures are answered, each with its status, also those of handlers; other errors go to `app.onError`. A stack that raises a
 * failure which no edge answers by itself does not compile without `answers`.
 *
 * @example
 * app.use("/reports/*", guard(new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(2_000))));
 * app.get("/reports/:id", async (c) => c.json(await makeReport(c.req.param("id"), c.get("signal"))));
 *
 * @throws TypeError | RangeError when `stack` is not a stack, or an option is not in its range
 */
export function guard<Ks extends readonly Kind[]>(
  stack: ServiceBuilder<Ks> & FitsEdge<Around<Ks, Request, Response>, Request, Response>,
  ...options: WithAnswers<GuardOptions, FailureOf<Around<Ks, Request, Response>>, Request>
): MiddlewareHandler<GuardEnv>;
export function guard(stack: ServiceBuilder, ...[options]: readonly unknown[]): MiddlewareHandler<GuardEnv> {
  requireMethods("guard", "stack", stack, "a stack of layers, new ServiceBuilder().layer(…)", ["serviceFn"]);
  const policy = readEdge("guard", options as object | undefined);
  const service: Service<Request, Response> = stack.serviceFn((request: Request, callOptions) => {
    const work = honoWorkOf(request) as Work | undefined;
    if (work !== undefined) return work(request, callOptions);
    throw new TypeError("guard: a layer must hand on the request that it is given; received another one");
  });
  return (c, next) => serve(c, next, service, policy);
}

/** Microtasks within which a handler that obeys its signal fails, once it has aborted. */
const turns = 32;

type Work = (request: Request, options: HandlerOptions) => Promise<Response>;

/** The state of one request. */
interface State {
  /** Whether the handlers behind this guard run. */
  running: boolean;
  /** Whether the call has failed, although they may still run. */
  over: boolean;
  /** What this guard, or a layer, has answered to that. */
  answered: Response | undefined;
  /** The response that the handlers, or `app.onError`, have left. */
  left: Response | undefined;
}

async function serve(
  c: Context<GuardEnv>,
  next: Next,
  service: Service<Request, Response>,
  policy: EdgePolicy,
): Promise<void> {
  const { raw: request } = c.req;
  const { timeoutHeader } = policy;
  const deadline = timeoutHeader === undefined ? undefined : policy.deadline(request.headers.get(timeoutHeader));
  if (deadline === "passed") {
    answer(c, responseOf(noTimeLeft));
    return;
  }
  // The signal of an outer guard also aborts when that guard gives up.
  const outer = (c.get("signal") as AbortSignal | undefined) ?? request.signal;
  const state: State = { running: false, over: false, answered: undefined, left: undefined };
  const work: Work = async (given, { signal = outer, waitUntil }) => {
    // A layer has replaced the request, for instance by one with a limited body.
    if (given !== request) c.req.raw = given;
    c.set("signal", signal);
    state.running = true;
    try {
      await next();
    } finally {
      state.running = false;
    }
    if (!state.over && request.method === "HEAD") replace(c, withoutBody(c.res));
    // The answer to a late failure, by `app.onError`, has taken the place of this guard's own.
    if (state.answered !== undefined && c.error !== undefined) answer(c, state.answered);
    if (waitUntil !== undefined) {
      // Where this guard or an outer one has given up, the response is not the handler's, and may already be on its way.
      const left = closed(c) ?? (state.over || signal.aborted ? undefined : leaving(c));
      if (left !== undefined) waitUntil(left);
    }
    state.left = c.res;
    // Hono has already answered the error; the layers must see that the call failed.
    if (c.error !== undefined) throw c.error;
    return c.res;
  };
  setHonoWork(request, work);
  try {
    const admitted = policy.admit(service, request);
    if (admitted === undefined) answer(c, responseOf(policy.refusal(request)));
    else {
      const waitUntil = runtimeOf(c);
      const called = admitted.call(request, { signal: outer, deadline, waitUntil });
      keepUntil(called, waitUntil);
      const response = await called;
      if (response === undefined || response !== state.left) await use(c, response, state, outer);
    }
  } catch (error) {
    await over(state);
    const problem = policy.declared(error, request);
    if (problem !== undefined) answerOnce(c, responseOf(problem), state, outer);
    else if (request.signal.aborted) replace(c, new Response(null, { status: 499 }));
    else {
      policy.told(error, request);
      if (c.error !== error) throw error;
    }
  }
}

/** Sends what the layers return, where that is not the response of the handlers. */
async function use(c: Context, response: Response, state: State, outer: AbortSignal): Promise<void> {
  if (typeof response?.status !== "number") {
    throw new TypeError("guard: a layer must answer with a Response, and did not");
  }
  const { left } = state;
  const isOwn = left === undefined || c.error !== undefined;
  await over(state);
  if (isOwn) answerOnce(c, response, state, outer);
  else if (c.res === left) replace(c, response);
  // An outer guard has answered meanwhile.
  else discard(response);
}

/**
 * The call has ended. A handler that obeys its signal fails now, and the answer to that, by `app.onError`, must not come after that of this
 * guard or its layers.
 */
async function over(state: State): Promise<void> {
  state.over = true;
  for (let turn = 0; state.running && turn < turns; turn++) await Promise.resolve();
}

/** Answers, unless an outer guard has given up: then it does, and Hono may already have sent its answer. */
function answerOnce(c: Context, response: Response, state: State, outer: AbortSignal): void {
  if (outer.aborted && c.finalized) discard(response);
  else answer(c, (state.answered = response));
}

/**
 * Answers with a response of this guard or of a layer, which does not come from the handlers. Keeps the headers that are already set, such
 * as those of `cors`, but for those that belong to another answer.
 */
function answer(c: Context, response: Response): void {
  const { res: before } = c;
  const own = new Set(response.headers.keys()).add("content-type");
  const kept = [...before.headers].filter(([name]) => !ofAnotherAnswer.test(name) && !own.has(name));
  if (before !== response) discard(before);
  replace(c, withFields(response, kept));
}

/** The runtime's `waitUntil`; undefined where there is none. */
function runtimeOf(c: Context): ((work: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c;
    return (work) => {
      executionCtx.waitUntil(work.catch(() => {}));
    };
  } catch {
    // The getter throws where there is none.
    return undefined;
  }
}
