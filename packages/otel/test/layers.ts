import type { LayerShapes } from "@sluice/test-kit";
import { span } from "@sluice/otel";
import { recordingTracer } from "./helper/recording-tracer.ts";

// The SDK's tracers read the time of the wall.
const { tracer } = recordingTracer();

export const layers: LayerShapes = {
  span: {
    observes: true,
    calm: () => span("calm", { tracer }),
    drawn: () => ({ layer: span("drawn", { tracer, kind: "client", attributes: () => ({ drawn: true }) }) }),
  },
  "span without an SDK": {
    observes: true,
    calm: () => span("calm"),
  },
};
