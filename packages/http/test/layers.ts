import type { LayerShapes } from "@sluice/test-kit";
import { http } from "@sluice/http";
import { clientLayers } from "./client/layers.ts";

export const layers: LayerShapes = {
  ...clientLayers,
  http: {
    observes: true,
    calm: () => http(),
    drawn: () => ({ layer: http() }),
  },
};
