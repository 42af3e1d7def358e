import { adaptiveLimit, aimd, gradient, type LimitAlgorithm, vegas } from "@sluice/adaptive-limit";
import { heldBy, type LayerShape, type LayerShapes } from "@sluice/test-kit";

interface Bounds {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

function shapeOf(make: (bounds: Bounds) => LimitAlgorithm): LayerShape {
  return {
    observes: true,
    // Both have found what they were looking for: how much room there is must be known.
    calm: (clock, room) => adaptiveLimit(make({ initial: room, min: room, max: room }), { clock }),
    drawn({ size, ms }, clock) {
      const algorithm = make({ initial: size, min: size, max: size });
      const layer = adaptiveLimit(algorithm, { clock, window: { time: 10 + ms, samples: 1 } });
      return { layer, held: () => heldBy(layer) + layer.limit - layer.available, max: size };
    },
  };
}

export const layers: LayerShapes = {
  "adaptiveLimit, vegas": shapeOf(vegas),
  "adaptiveLimit, gradient": shapeOf(gradient),
  "adaptiveLimit, aimd": shapeOf(aimd),
};
