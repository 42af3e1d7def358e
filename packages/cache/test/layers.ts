import { coalesce } from "@sluice/cache";
import type { LayerShapes } from "@sluice/test-kit";

export const layers: LayerShapes = {
  coalesce: {
    answers: true,
    opaque: "how much room it has depends on what is in flight, and it exchanges a permit that is spent on another key",
    // A key for each request object: nothing is shared, so that any stack answers as the service inside does.
    calm: (clock) => coalesce({ key: () => Symbol("one"), clock }),
    drawn: (_draw, clock) => {
      const layer = coalesce({ key: (request: unknown) => (typeof request === "string" ? request : "none"), clock });
      return { layer, held: () => layer.inFlight };
    },
  },
};
