import { loadShed } from "@sluice/load-shed";
import type { LayerShapes } from "@sluice/test-kit";

export const layers: LayerShapes = {
  loadShed: {
    observes: true,
    absorbs: true,
    sheds: true,
    calm: () => loadShed(),
    drawn: () => ({ layer: loadShed() }),
  },
};
