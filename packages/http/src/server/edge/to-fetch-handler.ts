import type { Service } from "@sluice/core";
import { readOptions, report, requireFunction, requireService } from "@sluice/core/kit";
import { remadeResponse } from "../../remade-response.ts";
import type { WithAnswers } from "../answer/answers.ts";
import { undeclared } from "../answer/known-answers.ts";
import type { WrittenProblem } from "../answer/problem.ts";
import { responseOf } from "../answer/problem-response.ts";
import { EdgePolicy, type EdgeOptions, edgeOptionNames, noTimeLeft } from "./edge-policy.ts";
import { keepUntil } from "./kept-call.ts";

/** Options of {@link toFetchHandler} and of `guard`. */
export interface FetchEdgeOptions extends EdgeOptions<Request> {
  /**
   * Registers work that goes on after an answer with the runtime. The promise never rejects. Default: the method `waitUntil` of the first
   * of `context` that has one, otherwise of the request.
   */
  readonly waitUntil?: ((work: Promise<unknown>, request: Request, ...context: readonly unknown[]) => void) | undefined;
  /** The class of the answers to failures; default the global `Response`. A class of the runtime may be cheaper. */
  readonly Response?: typeof Response | undefined;
}

/** A handler as Deno, Bun, Workers, Next.js and adapters for Node.js take it. Its promise never rejects. */
export type FetchHandler<Context extends readonly unknown[] = readonly unknown[]> = (
  request: Request,
  ...context: Context
) => Promise<Response>;

/**
 * Makes a `fetch` handler of `service`: `(request, ...context) => Promise<Response>`. Its promise never rejects: failures are answered,
 * each with its status (a refusal with 429 or 503 and `Retry-After`, a timeout with 504, an undeclared failure with 500). A stack that
 * raises a failure which no edge answers by itself does not compile without `answers`.
 *
 * A request is refused before a byte of its body is read when the service is not ready. The signal aborts when the client leaves; the
 * header `x-timeout-ms` becomes the deadline.
 *
 * @example
 * export const GET = toFetchHandler(new ServiceBuilder().layer(concurrencyLimit(4)).serviceFn(makeReport));
 *
 * @throws TypeError | RangeError when `service` is not a service, or an option is not in its range
 */
export function toFetchHandler<Err, Context extends readonly unknown[] = readonly unknown[]>(
  service: Service<Request, Response, Err>,
  ...options: WithAnswers<FetchEdgeOptions, Err, Request>
): FetchHandler<Context>;
export function toFetchHandler(service: Service<Request, Response>, ...[options]: readonly unknown[]): FetchHandler {
  return fetchEdge("toFetchHandler", service, options as FetchEdgeOptions | undefined, () => {});
}

/** @param begin called with each request and its context before the service is asked */
export function fetchEdge(
  owner: string,
  service: Service<Request, Response>,
  options: FetchEdgeOptions | undefined,
  begin: (request: Request, context: readonly unknown[]) => void,
): FetchHandler {
  requireService(owner, "service", service);
  const read = readOptions<FetchEdgeOptions & { readonly answers?: object }>(owner, options, [
    // Before `wait`, which is its prefix: the error for an unknown option names the first similar option.
    "waitUntil",
    ...edgeOptionNames,
    "Response",
  ]);
  const policy = new EdgePolicy(owner, read);
  const { waitUntil, Response: make } = read;
  if (waitUntil !== undefined) requireFunction(owner, "waitUntil", waitUntil);
  if (make !== undefined) requireFunction(owner, "Response", make);

  const respond = (problem: WrittenProblem): Response => {
    try {
      return responseOf(problem, make);
    } catch (error) {
      // The user's class threw: the promise must not reject.
      report(error);
      return responseOf(problem);
    }
  };
  const failed = (error: unknown, request: Request): Response => {
    const answer = policy.declared(error, request);
    if (answer !== undefined) return respond(answer);
    // The client has left, but the runtime needs a response.
    if (isAborted(request)) return new Response(null, { status: 499 });
    policy.told(error, request);
    return respond(undeclared);
  };

  return (request, ...context) => {
    try {
      const { timeoutHeader } = policy;
      const deadline = timeoutHeader === undefined ? undefined : policy.deadline(request.headers.get(timeoutHeader));
      if (deadline === "passed") return Promise.resolve(respond(noTimeLeft));
      // All code that may throw comes before the permit, which would otherwise be lost.
      begin(request, context);
      const callOptions = { signal: request.signal, deadline, waitUntil: handOver(waitUntil, request, context) };
      const admitted = policy.admit(service, request);
      if (admitted === undefined) return Promise.resolve(respond(policy.refusal(request)));
      const answer = admitted.call(request, callOptions).then(
        (response) => {
          try {
            return sendable(request, response);
          } catch (error) {
            return failed(error, request);
          }
        },
        (error: unknown) => failed(error, request),
      );
      keepUntil(answer, callOptions.waitUntil);
      return answer;
    } catch (error) {
      return Promise.resolve(failed(error, request));
    }
  };
}

function isAborted(request: Request): boolean {
  try {
    return request.signal.aborted;
  } catch {
    return false;
  }
}

/** The response to send. It has no body for HEAD: adapters would pull the body to its end. */
function sendable(request: Request, response: Response): Response {
  if (typeof response?.status !== "number") {
    throw new TypeError("The handler must answer with a Response, and did not.");
  }
  if (request.method !== "HEAD" || response.body === null) return response;
  // A body that is already read, or locked, cannot be cancelled.
  response.body.cancel().catch(() => {});
  return remadeResponse(null, response);
}

interface HasWaitUntil {
  waitUntil(work: Promise<unknown>): void;
}

function hasWaitUntil(value: unknown): value is HasWaitUntil {
  return typeof (value as HasWaitUntil | null | undefined)?.waitUntil === "function";
}

/** A function that registers work with the runtime; undefined where the runtime takes none. */
function handOver(
  waitUntil: FetchEdgeOptions["waitUntil"],
  request: Request,
  context: readonly unknown[],
): ((work: Promise<unknown>) => void) | undefined {
  if (waitUntil === undefined) {
    const taker = [...context, request].find(hasWaitUntil);
    return taker && ((work) => taker.waitUntil(settled(work)));
  }
  return (work) => waitUntil(settled(work), request, ...context);
}

/** Resolves when `work` has settled. A runtime would report a rejection, and the failure has already been handled. */
function settled(work: Promise<unknown>): Promise<void> {
  return work.then(
    () => {},
    () => {},
  );
}
