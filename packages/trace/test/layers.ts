import type { LayerShapes } from "@sluice/test-kit";
import { trace } from "@sluice/trace";

const silent = { info() {}, warn() {} };

export const layers: LayerShapes = {
  trace: {
    observes: true,
    calm: (clock) => trace({ clock }),
  },
  "trace with a logger": {
    observes: true,
    calm: (clock) => trace({ clock, logger: silent }),
    drawn: (_draw, clock) => ({ layer: trace({ clock, logger: silent }) }),
  },
};
