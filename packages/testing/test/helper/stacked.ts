import { type AnyLayer, layerFn, type Service } from "@sluice/core";
import { around, stackOf, stackService } from "@sluice/core/internal";

/** Several layers as one, the first outermost. */
export function stacked(...layers: readonly AnyLayer[]): AnyLayer {
  return layerFn("stacked", (inner) =>
    layers.reduceRight<Service<unknown, unknown>>((service, layer) => layer.wrap(service), inner),
  );
}

/** A layer of the inner kind, that uses the reservation inside it twice. */
export function twice(what: "start" | "cancel"): AnyLayer {
  return layerFn("twice", (inner) =>
    stackService(
      around(stackOf(inner), {
        start(reservation, request, options, edge) {
          if (what === "start") reservation.inner.start(request, options, edge).catch(() => {});
          return reservation.inner.start(request, options, edge);
        },
        cancel(reservation) {
          reservation.inner.cancel();
          if (what === "cancel") reservation.inner.cancel();
        },
      }),
    ),
  );
}
