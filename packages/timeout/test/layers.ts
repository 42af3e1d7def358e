import type { DrawnLayer, LayerShapes } from "@sluice/test-kit";
import { timeout, type TimeoutOptions } from "@sluice/timeout";

function drawn(options: TimeoutOptions): DrawnLayer {
  const layer = timeout(options);
  return { layer, held: () => layer.abandoned };
}

export const layers: LayerShapes = {
  "timeout of the call": {
    calm: (clock) => timeout({ call: 10_000, clock }),
    drawn: ({ ms }, clock) => drawn({ call: ms, clock }),
  },
  "timeout of all": {
    calm: (clock) => timeout({ ready: 10_000, total: 10_000, clock }),
    drawn: ({ ms, size }, clock) => drawn({ ready: ms, total: ms + size, clock }),
  },
  "timeout for deadlines": {
    observes: true,
    calm: (clock) => timeout({ deadline: true, clock }),
    drawn: (_draw, clock) => drawn({ deadline: true, clock }),
  },
};
