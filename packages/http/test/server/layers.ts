import { answerFailures } from "@sluice/http";
import type { LayerShapes } from "@sluice/test-kit";

// Requests and responses of the tests of all packages are strings. The other layers look at requests and responses of HTTP.
export const serverLayers: LayerShapes = {
  answerFailures: { answers: true, calm: () => answerFailures({}, { wait: true }) },
};
