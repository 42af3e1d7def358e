import type { About } from "../contract/about.ts";
import type { HandlerOptions, Service } from "../contract/service.ts";
import { leaveLayers } from "../kit/cached-time.ts";
import { requireFunction } from "../kit/check.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { type Behaviour, Reservation, nothing } from "../stack/reservation.ts";
import { stackService } from "../stack/stack.ts";
import { madeOf } from "../telemetry/parts.ts";

/** What a service does with a request. `options` is always there, and goes to `fetch` as it is: `(url, options) => fetch(url, options)`. */
export type Handler<in Req, out Res> = (request: Req, options: HandlerOptions) => Res | PromiseLike<Res>;

/** Declares failures in the types: `serviceFn(handler, raises<NotFoundError>())`. Nothing at run time. */
export interface Raises<out Err> {
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

/** Declares the failures that a handler raises. Nothing at run time. */
export function raises<Err>(): Raises<Err> {
  return noFailures;
}

const noFailures: Raises<never> = Object.freeze({});

/**
 * A service from a function; always ready.
 *
 * @example
 * const pages = serviceFn((url: string, options) => fetch(url, options)); // with the caller's signal
 *
 * @param handler `(request, options)`; a throw is a rejection, a plain value an answer
 * @param _failures what the handler is known to raise (default: nothing), as `raises<NotFoundError>()`
 * @throws TypeError when `handler` is not a function
 */
export function serviceFn<Req, Res, Err = never>(
  handler: Handler<Req, Res>,
  _failures?: Raises<Err>,
): Service<Req, Awaited<Res>, Err> {
  requireFunction("serviceFn", "handler", handler);
  const behaviour: Behaviour<undefined> = {
    start(_reservation, request, options) {
      leaveLayers();
      try {
        return promiseOf(handler(request as Req, options));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    cancel() {},
  };
  // It holds nothing, so that one serves for all calls.
  const always: Reservation = new Reservation<any>(behaviour, undefined, nothing);
  const service = stackService({
    tryReserve: () => always,
    reserve: (asker) => {
      asker.granted(always);
    },
  });
  return madeOf(service, new Leaf(handler));
}

/** What a service from a function says of itself: a class, so that nothing is made of a handler until somebody asks. */
class Leaf {
  readonly name = "serviceFn";
  private readonly handler: { readonly name: string };

  constructor(handler: { readonly name: string }) {
    this.handler = handler;
  }

  get about(): About {
    return { label: this.handler.name || undefined, traits: ["ready"] };
  }

  branches(): readonly never[] {
    return [];
  }
}
