import {
  type AnyService,
  type FailureOf,
  type Kind,
  type Layer,
  layerFn,
  madeOf,
  type Mismatch,
  type RequestOf,
  type ResponseOf,
  type Service,
} from "@sluice/core";
import { around, ask, type Behaviour, Reservation, type Stack, stackOf, stackService } from "@sluice/core/internal";
import { abortReason, readOptions, requireOneOf, requireService } from "@sluice/core/kit";

/** Asks a service of type `Second` with the response of the service inside. */
export interface AndThen<Second extends AnyService> extends Kind {
  readonly "~outer": Both<this["~inner"], Second>;
}

type Both<Inner, Second extends AnyService> = { readonly "~": ResponseOf<Inner> } extends {
  readonly "~": RequestOf<Second>;
}
  ? Service<RequestOf<Inner>, ResponseOf<Second>, FailureOf<Inner> | FailureOf<Second>>
  : Mismatch<
      "andThen asks a second service, and the service inside gives other responses",
      RequestOf<Second>,
      ResponseOf<Inner>
    >;

/** Options of {@link andThen}. */
export interface AndThenOptions {
  /**
   * When the second service is reserved. `"both"` (default): with the first, before the call, without a request, for what
   * the first answers is not known yet. `"late"`: when the first has answered, for that answer.
   */
  readonly reserve?: "both" | "late" | undefined;
}

/**
 * Calls `second` with the response of the service inside, and returns its response.
 *
 * With `reserve: "both"` a call that has begun never waits half-way, but each caller holds a permit of the second service
 * for as long as the first takes, and one of the first while it waits for the second. **Two stacks that reserve each
 * other's services in opposite order deadlock**: each holds what the other waits for. So does a limit of 1 that stands in
 * both services, and so may a `retry` around the first, which waits for it again while the second is held, and a `fallback`, which
 * may wait for its other service. With `"late"`
 * none of this can happen, and nothing is held idle; a call may then wait in the middle, or fail there with the second's
 * failure of readiness after the first has done its work.
 *
 * @example
 * const invoice = new ServiceBuilder().layer(andThen(render)).service(loadOrder);
 *
 * @throws TypeError | RangeError when `second` is no service or `reserve` is another value
 */
export function andThen<Second extends AnyService>(second: Second, options?: AndThenOptions): Layer<AndThen<Second>> {
  requireService("andThen", "second", second);
  const { reserve = "both" } = readOptions("andThen", options, ["reserve"]);
  requireOneOf("andThen", "reserve", reserve, ["both", "late"]);
  const compose = reserve === "both" ? reservingBoth : reservingLate;
  const layer = layerFn<any>("andThen", (first) => stackService(compose(stackOf(first), second)));
  return {
    ...layer,
    wrap(first: AnyService): any {
      const branches = () => Object.entries({ first, second });
      return madeOf(layer.wrap(first) as AnyService, { name: "andThen", branches });
    },
  } as Layer<AndThen<Second>>;
}

/** Holds a reservation of the second as its state, and one of the first inside. */
const both: Behaviour<Reservation> = {
  start({ state: second, inner: first }, request, options) {
    return first.start(request, options, false).then(
      (response) => {
        if (!options.signal?.aborted) return second.start(response, options, false);
        second.cancel();
        throw abortReason(options.signal);
      },
      (reason: unknown) => {
        second.cancel();
        throw reason;
      },
    );
  },
  cancel({ state: second, inner: first }) {
    second.cancel();
    first.cancel();
  },
};

function reservingBoth(first: Stack, service: AnyService): Stack {
  const second = stackOf(service);
  const held = (reservation: Reservation, next: Reservation): Reservation =>
    new Reservation<any>(both, next, reservation);
  return {
    tryReserve(request) {
      const reservation = first.tryReserve(request);
      if (reservation === undefined) return undefined;
      let next: Reservation | undefined;
      try {
        next = second.tryReserve(undefined);
      } finally {
        // Refused or thrown: all or nothing.
        if (next === undefined) reservation.cancel();
      }
      return next && held(reservation, next);
    },
    reserve(asker) {
      const { signal, deadline } = asker;
      ask(
        first,
        asker,
        (reservation) => {
          ask(
            second,
            { signal, deadline },
            (next) => {
              asker.granted(held(reservation, next));
            },
            (reason) => {
              reservation.cancel();
              asker.failed(reason);
            },
          );
        },
        (reason) => {
          asker.failed(reason);
        },
      );
    },
  };
}

function reservingLate(first: Stack, second: AnyService): Stack {
  return around(first, {
    start: ({ inner }, request, options) =>
      inner.start(request, options, false).then((response) => second.call(response as never, options)),
    cancel({ inner }) {
      inner.cancel();
    },
  });
}
