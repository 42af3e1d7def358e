import { buffer } from "@sluice/buffer";
import { heldBy, type LayerShapes } from "@sluice/test-kit";

export const layers: LayerShapes = {
  buffer: {
    absorbs: true,
    calm: (clock, room) => buffer({ capacity: room, clock }),
    drawn({ size }, clock) {
      const layer = buffer({ capacity: size, clock });
      return { layer, held: () => heldBy(layer) + layer.queued + layer.running };
    },
  },
};
