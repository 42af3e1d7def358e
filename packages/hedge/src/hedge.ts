import {
  type AnyService,
  type Kind,
  type Layer,
  layerFn,
  type Mismatch,
  type RequestOf,
  type Service,
  type TakesOnly,
} from "@sluice/core";
import { callLayer, Deadlines, requireNear, requireNoPromise, throwIfAborted, timeOf } from "@sluice/core/kit";
import { HedgeDelay } from "./hedge-delay.ts";
import { HedgedCall, isMissing } from "./hedged-call.ts";
import type { Hedging } from "./hedging.ts";
import { type CloningHedgeOptions, type HedgeOptions, readSettings } from "./options.ts";

/** The same types outside as inside, where the options understand the requests, and copies of them fit. */
export interface Hedges<Req, Sent> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<Req, this["~inner"], Sends<Sent, this["~inner"]>, "hedge">;
}

type Sends<Sent, Inner> = { readonly "~": Sent } extends { readonly "~": RequestOf<Inner> }
  ? Inner
  : Mismatch<"hedge sends copies of requests, and the service inside takes others", Sent, RequestOf<Inner>>;

/** A layer that hedges, and what it has seen. */
export interface HedgeLayer<Req = unknown, Sent = never> extends Layer<Hedges<Req, Sent>> {
  /** Further attempts, of all requests so far. */
  readonly hedges: number;
  /** Requests that a further attempt answered. */
  readonly wins: number;
  /** Moments at which the service inside had no room for another attempt. */
  readonly skipped: number;
  /** Moments at which the budget had none left. */
  readonly denied: number;
  /** Attempts that lost and have not settled yet. When this grows, somebody does not heed the signal. */
  readonly abandoned: number;
  /** After how many milliseconds a request that begins now would be hedged; undefined where a function says so. */
  readonly delayNow: number | undefined;
}

const name = "hedge";

/**
 * Sends a second request when the first takes too long, and takes the first _success_: against the slow few of many answers, where the same
 * request is likely to be quick the second time. After Dean and Barroso, "The Tail at Scale" (CACM 2013).
 *
 * Readiness is that of the service inside, and the first attempt begins in the caller's turn. A further one is made only if the service inside
 * has room at that moment: it never waits in line, and never passes anybody who does. If all that were made fail, the failure of the first
 * is the call's; a failure makes no further attempt, that is what a retry is for. When it answers, the attempts that are still running are
 * registered with `waitUntil`, and then aborted with a `HedgeLostError`: limits inside and outside count them until they have settled.
 * A caller's abort reaches all attempts with its own reason. A moment that comes after the caller's `deadline` is left out.
 *
 * Only for requests that may be sent twice.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(hedge<Request>({ delay: 50, quantile: 0.95, hedgeIf: ({ method }) => isIdempotent(method) }))
 *   .serviceFn((request: Request, options) => fetch(request, options));
 *
 * @throws TypeError | RangeError when an option is missing or not in its range
 */
export function hedge<Req>(options: CloningHedgeOptions<Req>): HedgeLayer<Req, Req>;
export function hedge<Req = unknown>(options: HedgeOptions<Req>): HedgeLayer<Req>;
export function hedge(options: HedgeOptions<any> | CloningHedgeOptions<any>): HedgeLayer<any, any> {
  const settings = readSettings(options);
  const { hedgeIf, cloneRequest, budget, clock, label } = settings;
  const delay = new HedgeDelay(settings);
  const deadlines = new Deadlines(clock);
  const about = { layer: name, label, source: settings };
  const hedging: Hedging = {
    settings,
    delay,
    deadlines,
    about,
    hedges: 0,
    wins: 0,
    skipped: 0,
    denied: 0,
    abandoned: 0,
  };

  const wrap = (service: AnyService): Service<any, any, any> => {
    const inner = service as Service<any, any, any>;
    const calls = callLayer(name, (inside, request, callOptions) => {
      const { signal, deadline } = callOptions;
      throwIfAborted(signal);
      const now = deadlines.now();
      if (deadline !== undefined) requireNear(name, deadline, timeOf(clock));
      // First: a copy of a request that is sent once costs the memory of its body.
      const isAllowed = hedgeIf === undefined || mayHedge(hedgeIf, request);
      const spare: unknown = isAllowed && cloneRequest !== undefined ? cloneRequest(request) : request;
      const may = isAllowed && !isMissing(spare, cloneRequest);
      const first = may ? delay.before(2, now) : undefined;
      // What is not hedged teaches how long attempts take all the same.
      const begins = may && (first !== undefined || delay.learns);
      if (begins) budget?.deposit();
      // It may have aborted in one of the functions that were asked.
      throwIfAborted(signal);
      if (!begins) return inside.start(request, callOptions);
      return new HedgedCall(hedging, inner, callOptions, spare, now).begin(inside, request, first);
    });
    return calls.wrap(inner);
  };
  const facts = {
    delay: typeof settings.delay === "number" ? settings.delay : undefined,
    quantile: settings.quantile,
    attempts: settings.attempts,
    budget: budget !== undefined,
  };
  return {
    ...layerFn<any>(name, wrap, undefined, { label, traits: ["repeats"], facts }),
    get hedges() {
      return hedging.hedges;
    },
    get wins() {
      return hedging.wins;
    },
    get skipped() {
      return hedging.skipped;
    },
    get denied() {
      return hedging.denied;
    },
    get abandoned() {
      return hedging.abandoned;
    },
    get delayNow() {
      return delay.now(deadlines.now());
    },
  };
}

/** An async `hedgeIf` would have everything sent twice, whatever it says. */
function mayHedge(hedgeIf: (request: unknown) => boolean, request: unknown): boolean {
  const may: unknown = hedgeIf(request);
  requireNoPromise(name, "hedgeIf", "true or false", may);
  return Boolean(may);
}
