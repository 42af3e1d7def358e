import { hedge } from "@sluice/hedge";
import type { LayerShapes } from "@sluice/test-kit";

export const layers: LayerShapes = {
  hedge: {
    repeats: true,
    calm: (clock) => hedge({ delay: 10_000, clock }),
    drawn({ size, ms }, clock) {
      const layer = hedge({ delay: ms, attempts: size + 1, clock });
      return { layer, held: () => layer.abandoned };
    },
  },
  "hedge, of copies": {
    repeats: true,
    drawn({ size, ms }, clock) {
      const layer = hedge<string>({
        delay: ms % 7,
        attempts: size + 1,
        quantile: 0.5,
        minSamples: 5,
        cloneRequest: (request) => request,
        clock,
      });
      return { layer, held: () => layer.abandoned };
    },
  },
};
