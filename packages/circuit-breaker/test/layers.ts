import { heldBy, type LayerShape, type LayerShapes } from "@sluice/test-kit";
import { type CircuitBreakerLayer, circuitBreaker, type CircuitBreakerOptions } from "@sluice/circuit-breaker";

/** One that opens at a failure or two, and is closed again some time later, so that it comes to rest. */
function opening(options: CircuitBreakerOptions): Required<LayerShape>["drawn"] {
  return ({ size, ms }, clock) => {
    const layer: CircuitBreakerLayer = circuitBreaker({
      ...options,
      minimumCalls: size,
      breakFor: ms,
      probes: size,
      clock,
      onChange({ to }) {
        if (to === "open") clock.setTimeout(() => layer.close(), ms * 3);
      },
    });
    return { layer, held: () => heldBy(layer) };
  };
}

const opaque = "a timer that closes it looks like one that was left behind";

export const layers: LayerShapes = {
  circuitBreaker: {
    observes: true,
    opaque,
    // So many failures do not come.
    calm: (clock) => circuitBreaker({ minimumCalls: 1_000, clock }),
    drawn: opening({ slowCall: 20 }),
  },
  "circuitBreaker, waiting": {
    observes: true,
    opaque,
    calm: (clock) => circuitBreaker({ whenOpen: "wait", window: { calls: 1_000 }, minimumCalls: 1_000, clock }),
    drawn: opening({ whenOpen: "wait" }),
  },
};
