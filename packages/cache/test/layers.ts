import { coalesce } from "@sluice/cache";
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
};
