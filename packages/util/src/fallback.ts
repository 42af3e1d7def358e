import {
  type AnyService,
  type FailureOf,
  type GivesOnly,
  isRefusal,
  type Kind,
  type Layer,
  layerFn,
  madeOf,
  type Mismatch,
  type Outcome,
  type RequestOf,
  type ResponseOf,
  type Service,
} from "@sluice/core";
import {
  ask,
  type Behaviour,
  type Reservation,
  type Stack,
  stackOf,
  stackService,
  wrapped,
} from "@sluice/core/internal";
import { reserveEither } from "./reserve-either.ts";
import {
  abortReason,
  isOwnAbort,
  readOptions,
  requireBoolean,
  requireFunction,
  requireLabel,
  requireNoPromise,
  requireService,
  throwIfAborted,
} from "@sluice/core/kit";

/** A failure, as an outcome: for a `when` that is a guard. */
export interface RejectedWith<out E> {
  readonly status: "rejected";
  readonly reason: E;
}

/** Asks a service of type `To` in the place of the service inside, and takes the failures `Caught` of that away. */
export interface FallsBack<To extends AnyService, Caught, Res = unknown> extends Kind {
  readonly "~outer": Backed<To, Caught, Res, this["~inner"]>;
}

type Backed<To extends AnyService, Caught, Res, Inner> = { readonly "~": RequestOf<Inner> } extends {
  readonly "~": RequestOf<To>;
}
  ? GivesOnly<
      Res,
      Inner,
      Service<RequestOf<Inner>, ResponseOf<Inner> | ResponseOf<To>, Exclude<FailureOf<Inner>, Caught> | FailureOf<To>>,
      "fallback"
    >
  : Mismatch<
      "fallback asks another service with the same requests, and that takes others",
      RequestOf<Inner>,
      RequestOf<To>
    >;

/** Options of {@link fallback}. */
export interface FallbackOptions<To extends AnyService, in Res = unknown> {
  /** The service that is asked instead. */
  readonly to: To;
  /**
   * Whether an outcome of the service inside, a failure of its readiness too, is one to ask `to` after. What it throws is the failure of the
   * call. Default: each failure, and no response.
   */
  readonly when?: ((outcome: Outcome<Res>) => boolean) | undefined;
  /**
   * Whether `to` is asked also where the service inside has no room, without waiting for it, and where it refuses (`isRefusal`), whatever
   * `when` says: nothing was tried there. Default true. False: callers wait for the service inside, and a refusal is a failure like any other.
   */
  readonly whenFull?: boolean | undefined;
  /** Tells this layer apart from others of its kind. Default: none. */
  readonly label?: string | undefined;
}

/** As {@link FallbackOptions}, where `when` says which failures it catches: those are taken away. */
export interface CatchingFallbackOptions<To extends AnyService, E> extends Omit<FallbackOptions<To>, "when"> {
  readonly when: (outcome: Outcome) => outcome is RejectedWith<E>;
}

/** A layer that asks another service, and how often it did. */
export interface FallbackLayer<To extends AnyService, Caught = never, Res = unknown> extends Layer<
  FallsBack<To, Caught, Res>
> {
  /** Requests that were answered by the other service, or that it failed. */
  readonly fallbacks: number;
}

const name = "fallback";

/**
 * Asks another service where the service inside has no room, refuses, or fails: a replica, a cache, a plainer answer.
 *
 * Where the service inside has no room, `to` is asked at once if it has some; where neither has, the caller waits for both, and takes the one
 * that has room first. When the call fails, `to` is reserved then, which may wait: nothing of it is held before. Its answer is the answer, and
 * its failure the failure. After the caller's abort `to` is not asked; the call rejects with `signal.reason`.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(fallback({ to: replica, when: ({ status }) => status === "rejected" }))
 *   .layer(circuitBreaker())
 *   .service(primary);
 *
 * @throws TypeError when `to` is no service or another option is not what it must be
 */
export function fallback<To extends AnyService, E>(options: CatchingFallbackOptions<To, E>): FallbackLayer<To, E>;
export function fallback<To extends AnyService, Res = unknown>(
  options: FallbackOptions<To, Res>,
): FallbackLayer<To, never, Res>;
export function fallback(
  options: FallbackOptions<any, any> | CatchingFallbackOptions<any, any>,
): Layer<any> & Pick<FallbackLayer<AnyService>, "fallbacks"> {
  const { to, when, whenFull, label } = readFallback(options as FallbackOptions<AnyService>);
  const second = to as Service<unknown, unknown>;
  const secondStack = stackOf(second);
  let fallbacks = 0;

  /** Whether `to` is asked after this outcome. */
  const falls = (outcome: Outcome): boolean => {
    if (whenFull && outcome.status === "rejected" && isRefusal(outcome.reason)) return true;
    const answer: unknown = when(outcome);
    requireNoPromise(name, "when", "true or false", answer);
    return Boolean(answer);
  };

  const first: Behaviour<undefined> = {
    start({ inner }, request, callOptions) {
      const ended = (outcome: Outcome): unknown => {
        const { signal } = callOptions;
        if (signal !== undefined && isOwn(outcome, signal)) throw abortReason(signal);
        if (!falls(outcome)) {
          if (outcome.status === "rejected") throw outcome.reason;
          return outcome.value;
        }
        if (signal?.aborted) throw abortReason(signal);
        fallbacks++;
        return second.call(request, callOptions);
      };
      return inner.start(request, callOptions, false).then(
        (value) => ended({ status: "fulfilled", value }),
        (reason: unknown) => ended({ status: "rejected", reason }),
      );
    },
    cancel: cancelInside,
  };
  /** Of a reservation that holds `to` alone. */
  const instead: Behaviour<undefined> = {
    start({ inner }, request, callOptions, edge) {
      fallbacks++;
      return inner.start(request, callOptions, edge);
    },
    cancel: cancelInside,
  };
  const wrap = (service: AnyService): Service<any, any, any> => {
    const inner = stackOf(service);
    const tryReserve: Stack["tryReserve"] = (request) => {
      let reservation: Reservation | undefined;
      try {
        reservation = inner.tryReserve(request);
      } catch (reason) {
        if (!falls({ status: "rejected", reason })) throw reason;
        reservation = secondStack.tryReserve(request);
        return reservation && wrapped(instead, reservation);
      }
      if (reservation !== undefined) return wrapped(first, reservation);
      if (!whenFull) return undefined;
      reservation = secondStack.tryReserve(request);
      return reservation && wrapped(instead, reservation);
    };
    return stackService({
      tryReserve,
      reserve(asker) {
        const own = (reservation: Reservation): void => asker.granted(wrapped(first, reservation));
        const others = (reservation: Reservation): void => asker.granted(wrapped(instead, reservation));
        const failed = (reason: unknown): void => asker.failed(reason);
        const goesOn = (reason: unknown): boolean => falls({ status: "rejected", reason });
        if (whenFull) {
          let reservation: Reservation | undefined;
          try {
            reservation = tryReserve(asker.request);
            // Asking may have called a function of the caller's, which has aborted it.
            if (reservation === undefined) throwIfAborted(asker.signal);
          } catch (reason) {
            failed(reason);
            return;
          }
          if (reservation !== undefined) asker.granted(reservation);
          else
            reserveEither({ first: inner, second: secondStack }, asker, { first: own, second: others, failed, goesOn });
          return;
        }
        ask(inner, asker, own, (reason) => {
          let goes: boolean;
          try {
            goes = !isOwnAbort(asker.signal, reason) && goesOn(reason);
          } catch (error) {
            failed(error);
            return;
          }
          if (goes) ask(secondStack, asker, others, failed);
          else failed(reason);
        });
      },
    });
  };
  const layer = layerFn<any>(name, wrap, undefined, { label, traits: ["answers"], facts: { whenFull } });
  const made = {
    ...layer,
    wrap(service: AnyService): any {
      const branches = () => Object.entries({ first: service, to });
      return madeOf(layer.wrap(service) as AnyService, { name, about: layer.about, branches, counting: made });
    },
    get fallbacks() {
      return fallbacks;
    },
  };
  return made;
}

function readFallback(options: FallbackOptions<AnyService>): {
  readonly to: AnyService;
  readonly when: (outcome: Outcome) => boolean;
  readonly whenFull: boolean;
  readonly label: string | undefined;
} {
  const read = readOptions<FallbackOptions<AnyService>>(name, options, ["to", "whenFull", "when", "label"]);
  const { to, when = isFailure, whenFull = true, label } = read;
  requireService(name, "to", to);
  requireFunction(name, "when", when);
  requireBoolean(name, "whenFull", whenFull);
  return { to: to!, when, whenFull, label: requireLabel(name, label) };
}

function isFailure({ status }: Outcome): boolean {
  return status === "rejected";
}

/** Whether it is a failure because the caller gave up. */
function isOwn(outcome: Outcome, signal: AbortSignal): boolean {
  return outcome.status === "rejected" && isOwnAbort(signal, outcome.reason);
}

function cancelInside({ inner }: Reservation<undefined>): void {
  inner.cancel();
}
