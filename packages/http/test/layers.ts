import type { LayerShapes } from "@sluice/test-kit";
import { serverLayers } from "./server/layers.ts";

export const layers: LayerShapes = { ...serverLayers };
