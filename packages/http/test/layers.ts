import type { LayerShapes } from "@sluice/test-kit";
import { clientLayers } from "./client/layers.ts";
import { serverLayers } from "./server/layers.ts";

export const layers: LayerShapes = { ...serverLayers, ...clientLayers };
