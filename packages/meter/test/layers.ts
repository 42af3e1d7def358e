import { heldBy, type LayerShapes } from "@sluice/test-kit";
import { meter } from "@sluice/meter";

export const layers: LayerShapes = {
  meter: {
    observes: true,
    calm: (clock) => meter("calm", { clock }),
    drawn: (_draw, clock) => {
      const layer = meter("drawn", { clock });
      return { layer, held: () => heldBy(layer) + layer.reserved + layer.abandoned };
    },
  },
  "meter without durations": {
    observes: true,
    calm: (clock) => meter("calm", { clock, durations: false }),
  },
  "meter that is off": {
    observes: true,
    calm: (clock) => meter("calm", { clock, enabled: false }),
  },
};
