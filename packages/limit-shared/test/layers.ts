import { memoryStore, sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { heldBy, type LayerShapes } from "@sluice/test-kit";

const opaque = "its capacity arrives in the background";

export const layers: LayerShapes = {
  sharedRateLimit: {
    opaque,
    defers: true,
    drawn({ size, ms }, clock) {
      const layer = sharedRateLimit({ store: memoryStore({ clock }), key: "k", limit: size, interval: ms, clock });
      return { layer, held: () => heldBy(layer) };
    },
  },
  sharedConcurrencyLimit: {
    opaque,
    defers: true,
    drawn({ size }, clock) {
      const layer = sharedConcurrencyLimit({ store: memoryStore({ clock }), key: "k", max: size, clock });
      return { layer, held: () => heldBy(layer), max: size };
    },
  },
};
