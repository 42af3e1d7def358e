import type { LayerShapes } from "@sluice/test-kit";
import { http } from "@sluice/http";

export const layers: LayerShapes = {
  http: {
    observes: true,
    calm: () => http(),
    drawn: () => ({ layer: http() }),
  },
};
