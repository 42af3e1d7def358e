import type { Apply, Keeps, Kind } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import { type CallOptions, type RequestOf, type ResponseOf, type Service, noOptions } from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { leaveLayers } from "../kit/cached-time.ts";
import { requireFunction, requireName } from "../kit/check.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { around } from "../stack/around.ts";
import { handUp } from "../stack/hand-up.ts";
import { observe } from "../stack/observe.ts";
import type { Behaviour } from "../stack/reservation.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { layerFn } from "./layer-fn.ts";

/** The rest of the stack. It spends the permit: a second call rejects with `PermitSpentError`. */
export type Next<in Req, out Res> = (request: Req, options?: CallOptions) => Promise<Res>;

/** A service of any types, for the inside of a layer: from outside, `K` says which they are. */
type Inner = Service<any, any, any>;

/** What a middleware of kind `K` does with a request. Without a kind there is no such function. */
type HandlerOf<K extends Kind> = [K] extends [never]
  ? never
  : (
      request: RequestOf<Apply<K, Inner>>,
      next: Next<any, any>,
      options: CallOptions,
    ) => ResponseOf<Apply<K, Inner>> | PromiseLike<ResponseOf<Apply<K, Inner>>>;

/**
 * A layer that leaves readiness alone: `(request, next, options) => …`. It keeps the types of the service inside, and
 * an annotated `request` says which requests it is for; another kind goes in front: `middleware<Adds<QuotaError>>(…)`.
 *
 * What it reserved inside is given back when it answers without `next`; when it answers before `next` has settled, the
 * gates outside still wait for that.
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
 * @throws TypeError when `name` is not a non-empty string or `handler` is not a function
 */
export function middleware<K extends Kind = never>(name: string, handler: HandlerOf<K>): Layer<K>;
export function middleware<Req = unknown>(
  name: string,
  handler: (request: Req, next: Next<Req, any>, options: CallOptions) => unknown,
): Layer<Keeps<Req>>;
export function middleware(
  name: string,
  handler: (request: any, next: Next<any, any>, options: CallOptions) => unknown,
): Layer<any> {
  requireName("middleware", name);
  requireFunction("middleware", "handler", handler);
  const behaviour: Behaviour<undefined> = {
    start({ inner }, request, options, edge) {
      let called: Promise<unknown> | undefined;
      let over = false;
      const next: Next<unknown, unknown> = (passed, passedOptions = noOptions) => {
        if (over || called !== undefined) return spentAlready();
        called = inner.start(passed, passedOptions, false);
        return called;
      };
      let answer: Promise<unknown>;
      leaveLayers();
      try {
        answer = promiseOf(handler(request, next, options));
      } catch (error) {
        answer = Promise.reject(error);
      }
      // The answer of the service inside, as it is.
      if (answer === called) return edge ? answer.then() : answer;
      // An answer of its own, and nobody who must be told when the work inside outlives it.
      if (called !== undefined && options.waitUntil === undefined) return answer;
      const settled = (): void => {
        over = true;
        if (called === undefined) inner.cancel();
        else handUp(options, called);
      };
      return observe(answer, edge, { settled });
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };
  return layerFn<any>(name, (service) => stackService(around(stackOf(service), behaviour)));
}
