import { type AnyLayer, gate, layerFn, type Semaphore, serviceFn } from "@sluice/core";
import { ask, type Behaviour, Reservation, stackOf, stackService } from "@sluice/core/internal";

/** Holds a reservation of the second as its state, and one of the first inside. */
const both: Behaviour<Reservation> = {
  start: ({ inner, state }, request, options) =>
    inner.start(request, options, false).then(
      (answer) => state.start(answer, options, false),
      (reason: unknown) => {
        state.cancel();
        throw reason;
      },
    ),
  cancel({ inner, state }) {
    state.cancel();
    inner.cancel();
  },
};

/** Asks a second service, which has a limit, when the one inside has answered; both are reserved before the call. */
export function joined(limit: Semaphore): AnyLayer {
  const second = stackOf(gate(limit, { name: "limit" }).wrap(serviceFn((request: unknown) => request)));
  return layerFn("joined", (service) => {
    const first = stackOf(service);
    const held = (one: Reservation, other: Reservation): Reservation => new Reservation(both, other, one);
    return stackService({
      tryReserve(request) {
        const one = first.tryReserve(request);
        const other = one && second.tryReserve(undefined);
        if (other === undefined) one?.cancel();
        return one && other && held(one, other);
      },
      reserve(asker) {
        const { signal, deadline } = asker;
        ask(
          first,
          asker,
          (one) => {
            ask(
              second,
              { signal, deadline },
              (other) => {
                asker.granted(held(one, other));
              },
              (reason) => {
                one.cancel();
                asker.failed(reason);
              },
            );
          },
          (reason) => {
            asker.failed(reason);
          },
        );
      },
    });
  });
}
