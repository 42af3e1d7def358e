import {
  type AnyService,
  type Clock,
  type GivesOnly,
  type Kind,
  type Layer,
  layerFn,
  type Mismatch,
  type RequestOf,
  type Service,
  type TakesOnly,
} from "@sluice/core";
import { around, type Behaviour, stackOf, stackService } from "@sluice/core/internal";
import {
  readOption,
  readOptions,
  requireBoolean,
  requireClock,
  requireFunction,
  requireLabel,
  requireMethods,
  requireNear,
  timeOf,
} from "@sluice/core/kit";
import type { RetryPolicy } from "./policy.ts";
import { RetriedCall, type Retrying } from "./retried-call.ts";

/** The same types outside as inside, where the policy understands them and what it sends of its own fits. */
export interface Retries<Req, Res, Sent> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<
    Req,
    this["~inner"],
    GivesOnly<Res, this["~inner"], Sends<Exclude<Sent, undefined>, this["~inner"]>, "retry">,
    "retry"
  >;
}

/**
 * `Inner`, where it takes all that is `Sent`. Most policies send nothing of their own, which is `never` and fits; undefined is
 * not sent either, but what a policy returns when it makes no copy.
 */
type Sends<Sent, Inner> = { readonly "~": Sent } extends { readonly "~": RequestOf<Inner> }
  ? Inner
  : Mismatch<"retry sends requests of its own, and the service inside takes others", Sent, RequestOf<Inner>>;

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Where time is read and timers are set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from others of its kind, in events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer that tries again, and what it has seen. */
export interface RetryLayer<Req, Res, Sent> extends Layer<Retries<Req, Res, Sent>> {
  /** Attempts after the first, of all requests so far. */
  readonly retries: number;
  /** Requests that wait for a timer before their next attempt. */
  readonly waiting: number;
}

/**
 * Tries a request again where the policy says so.
 *
 * The first attempt uses what the caller reserved. Between attempts nothing is reserved: each further one asks for readiness
 * anew, and when that fails the request fails with the same. A backoff that could not end before the caller's `deadline` is not
 * begun: the answer is then what the attempt ended with. An abort ends a backoff, and a wait for readiness, at once with
 * `signal.reason`; an attempt that is under way sees it on its signal, and its outcome is the answer. `signal`, `deadline` and
 * `waitUntil` go to every attempt. A retry without delay is made in the same turn; after 100 of a request in a row the next one
 * waits for a timer of 0 ms, so that a service that fails as soon as it is called cannot keep others from their turn.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(
 *     retry(
 *       retryPolicy<Request>({
 *         maxRetries: 3,
 *         retryIf: ({ request, outcome }) => outcome.status === "rejected" && isIdempotent(request.method),
 *         cloneRequest: (request) => request.clone(),
 *       }),
 *     ),
 *   )
 *   .serviceFn((request: Request, options) => fetch(request, options));
 *
 * @throws TypeError when `policy` is no policy or an option is of another type
 */
export function retry<Req = unknown, Res = unknown, State = unknown, Sent = never>(
  policy: RetryPolicy<Req, Res, State, Sent>,
  options?: RetryOptions,
): RetryLayer<Req, Res, Sent> {
  requireMethods("retry", "policy", policy, "a retry policy such as retryPolicy({ maxRetries: 3 })", ["decide"]);
  for (const name of ["cloneRequest", "start"]) {
    const method = readOption("retry", policy, name, `policy.${name}`);
    if (method !== undefined) requireFunction("retry", `policy.${name}`, method);
  }
  for (const name of ["timed", "onlyFailures", "budgeted"]) {
    const flag = readOption("retry", policy, name, `policy.${name}`);
    if (flag !== undefined) requireBoolean("retry", `policy.${name}`, flag);
  }
  const { clock: given, label } = readOptions("retry", options, ["clock", "label"]);
  const clock = requireClock("retry", given);
  requireLabel("retry", label);
  const retrying: Retrying = { policy, clock, label, retries: 0, waiting: 0 };
  const wrap = (service: AnyService): Service<any, any, any> => {
    const stack = stackOf(service);
    const behaviour: Behaviour<undefined> = {
      start({ inner }, request, callOptions, edge) {
        let spare: unknown = request;
        let state: unknown;
        try {
          const { deadline } = callOptions;
          if (deadline !== undefined) requireNear("retry", deadline, timeOf(clock));
          if (policy.cloneRequest !== undefined) {
            spare = policy.cloneRequest(request as Req);
            if (spare === undefined) return inner.start(request, callOptions, edge);
          }
          state = policy.start?.(request as Req);
        } catch (error) {
          inner.cancel();
          return Promise.reject(error);
        }
        const began = policy.timed === false ? 0 : timeOf(clock);
        // Nothing is made before the answer but one promise and one function: with most requests there is nothing more to do.
        const answered =
          policy.onlyFailures === true
            ? undefined
            : (value: unknown) =>
                new RetriedCall(retrying, stack, callOptions, spare, state, began).first({
                  status: "fulfilled",
                  value,
                });
        const failed = (reason: unknown) =>
          new RetriedCall(retrying, stack, callOptions, spare, state, began).first({ status: "rejected", reason });
        return inner.start(request, callOptions, false).then(answered, failed);
      },
      cancel({ inner }) {
        inner.cancel();
      },
    };
    return stackService(around(stack, behaviour));
  };
  const layer = layerFn<any>("retry", wrap, undefined, {
    label,
    traits: ["repeats"],
    facts: { budget: policy.budgeted },
  });
  return {
    ...layer,
    get retries() {
      return retrying.retries;
    },
    get waiting() {
      return retrying.waiting;
    },
  };
}
