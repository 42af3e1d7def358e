import { failOnStatus, propagate } from "@sluice/http";
import type { LayerShapes } from "@sluice/test-kit";

export const clientLayers: LayerShapes = {
  failOnStatus: {
    calm: () => failOnStatus(),
    drawn: () => ({ layer: failOnStatus() }),
  },
  propagate: {
    observes: true,
    calm: (clock) => propagate({ timeoutHeader: false, headers: () => undefined, clock }),
    drawn: (_draw, clock) => ({ layer: propagate({ timeoutHeader: false, headers: () => undefined, clock }) }),
  },
};
