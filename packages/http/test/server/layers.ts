import type { LayerShapes } from "@sluice/test-kit";

// Requests and responses of the tests of all packages are strings, and their layers change nothing that passes. These look at requests and
// responses of HTTP, and answer failures; their contract is checked in contract.test.ts.
export const serverLayers: LayerShapes = {};
