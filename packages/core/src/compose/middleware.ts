import type { About } from "../contract/about.ts";
import type { Apply, Keeps, Kind } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import {
  type CallOptions,
  type HandlerOptions,
  type RequestOf,
  type ResponseOf,
  type Service,
  noOptions,
} from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { readAbout } from "../kit/about.ts";
import { leaveLayers } from "../kit/cached-time.ts";
import { requireFunction, requireName } from "../kit/check.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { around } from "../stack/around.ts";
import { handUp } from "../stack/hand-up.ts";
import { observe } from "../stack/observe.ts";
import type { Behaviour, Reservation } from "../stack/reservation.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { layerFn } from "./layer-fn.ts";

/** The rest of the stack. It spends the permit: a second call rejects with `PermitSpentError`. */
export interface Next<in Req, out Res> {
  (request: Req, options?: CallOptions): Promise<Res>;
  /**
   * Releases what was reserved inside, for a handler that knows that it answers without the rest of the stack: with the answer of
   * another call, for instance. Later it does nothing, and a call rejects with `PermitSpentError`. Without it, what was reserved
   * is released when the handler's answer has settled, or at once where the handler returns a plain value.
   */
  readonly release: () => void;
}

/** A service of any types, for the inside of a layer: from outside, `K` says which they are. */
type Inner = Service<any, any, any>;

/** The request of a middleware of kind `K`: what the kind makes of any service, or else what it asks of the requests. */
type RequestFor<K extends Kind> = 0 extends 1 & RequestOf<Apply<K, Inner>>
  ? K extends { readonly "~asks"?: infer Req }
    ? Req
    : unknown
  : RequestOf<Apply<K, Inner>>;

/** What a middleware of kind `K` does with a request. Without a kind there is no such function. */
type HandlerOf<K extends Kind> = [K] extends [never]
  ? never
  : (
      request: RequestFor<K>,
      next: Next<any, any>,
      options: HandlerOptions,
      inner: Inner,
    ) => ResponseOf<Apply<K, Inner>> | PromiseLike<ResponseOf<Apply<K, Inner>>>;

/**
 * A layer that leaves readiness alone: `(request, next, options, inner) => …`. It keeps the types of the service inside, and
 * an annotated `request` says which requests it is for; another kind goes in front: `middleware<Adds<QuotaError>>(…)`.
 *
 * `next` is the rest of the stack, and spends the permit: call it once, or not at all. `inner` is the service inside, for a handler
 * that must ask once more: `inner.tryReady(request)` for a hedge that must not wait, `inner.call(request, options)` for another
 * attempt. When the handler answers before `next` has settled, that work is registered with `options.waitUntil`, and gates outside wait
 * for it; work that it started through `inner` and that outlives its answer is the handler's to register.
 *
 * Failures of readiness do not pass through the handler: `recoverReadiness` of `@sluice/core/kit` answers for those.
 *
 * @example
 * const logged = middleware("logged", async (request: { url: string }, next, options) => {
 *   const response = await next(request, options);
 *   console.log(request.url, "done");
 *   return response;
 * });
 *
 * @param name what `describe()` calls it
 * @param handler called once for each call; a throw is a rejection
 * @param about what the layer says of itself, for tools that show or judge a stack; default nothing
 * @throws TypeError when `name` is not a non-empty string, `handler` is not a function, or a member of `about` is not what it must
 *   be
 */
export function middleware<K extends Kind = never>(name: string, handler: HandlerOf<K>, about?: About): Layer<K>;
export function middleware<Req = unknown>(
  name: string,
  handler: (request: Req, next: Next<Req, any>, options: HandlerOptions, inner: Service<Req, any, any>) => unknown,
  about?: About,
): Layer<Keeps<Req>>;
export function middleware(name: string, handler: AnyHandler, about?: About): Layer<any> {
  requireName("middleware", name);
  requireFunction("middleware", "handler", handler);
  return layerFn<any>(
    name,
    (service) => {
      const behaviour: Behaviour<undefined> = {
        start: ({ inner }, request, options, edge) => start(handler, service, inner, request, options, edge),
        cancel({ inner }) {
          inner.cancel();
        },
      };
      return stackService(around(stackOf(service), behaviour));
    },
    undefined,
    readAbout("middleware", about),
  );
}

type AnyHandler = (request: any, next: Next<any, any>, options: HandlerOptions, inner: Inner) => unknown;

function start(
  handler: AnyHandler,
  service: Inner,
  inner: Reservation,
  request: unknown,
  options: HandlerOptions,
  edge: boolean,
): Promise<unknown> {
  const { waitUntil } = options;
  /** What the rest of the stack answers, once it is called. */
  let called: Promise<unknown> | undefined;
  /** Whether the permit is used: by a call, or by its release. */
  let spent = false;
  /** Whether `called` is pending, as far as it is observed. */
  let running = false;
  let returned = false;
  const settled = (): void => {
    running = false;
  };
  const observeCalled = (): void => {
    // Gates outside wait for work that outlives the answer, and are not told of what has settled: its failure would be told twice.
    if (waitUntil === undefined) return;
    running = true;
    called!.then(settled, settled);
  };
  const next = (passed: unknown, passedOptions: CallOptions = noOptions): Promise<unknown> => {
    if (spent) return spentAlready();
    spent = true;
    called = inner.start(passed, passedOptions, false);
    if (returned) observeCalled();
    return called;
  };
  next.release = (): void => {
    if (spent) return;
    spent = true;
    inner.cancel();
  };
  let answer: Promise<unknown>;
  leaveLayers();
  try {
    const value = handler(request, next, options, service);
    // A plain value is the whole answer: `next` is not called any more.
    if (typeof (value as PromiseLike<unknown> | undefined)?.then !== "function") next.release();
    answer = promiseOf(value);
  } catch (error) {
    next.release();
    answer = Promise.reject(error);
  }
  returned = true;
  // The answer of the service inside, as it is.
  if (answer === called) return edge ? answer.then() : answer;
  if (called !== undefined) observeCalled();
  // Nothing is left to release, and no work to register.
  if (spent && (called === undefined || waitUntil === undefined)) return answer;
  return observe(answer, edge, {
    settled() {
      next.release();
      if (running) handUp(options, called!);
    },
  });
}
