import { cache, coalesce } from "@sluice/cache";
import type { LayerShapes } from "@sluice/test-kit";

export const layers: LayerShapes = {
  coalesce: {
    answers: true,
    opaque: "how much room it has depends on what is in flight, and it exchanges a permit that is spent on another key",
    // No calm one: a caller who aborts leaves at once, where layers that share nothing let the call end as its work does.
    drawn: (_draw, clock) => {
      const layer = coalesce({ key: (request: unknown) => (typeof request === "string" ? request : "none"), clock });
      return { layer, held: () => layer.inFlight };
    },
  },
  cache: {
    answers: true,
    opaque:
      "how much room it has depends on what is kept and in flight, and it exchanges a permit that is spent on another key",
    drawn: ({ ms }, clock) => {
      const key = (request: unknown): unknown => (typeof request === "string" ? request : "none");
      const layer = cache({ key, ttl: ms, staleWhileRevalidate: ms, staleIfError: 2 * ms, clock });
      return { layer, held: () => layer.inFlight };
    },
  },
};
