import { throttle, type ThrottleOptions } from "@sluice/throttle";
import type { Draw, DrawnLayer, LayerShapes } from "@sluice/test-kit";

type Clock = NonNullable<ThrottleOptions["clock"]>;

/** One that takes each failure for a refusal, and has forgotten it soon. */
function refusing(options: ThrottleOptions) {
  return ({ size, ms }: Draw, clock: Clock): DrawnLayer => {
    const layer = throttle({
      ...options,
      k: 1 + size / 2,
      window: ms,
      minimumPerSecond: 0,
      classify: ({ status }) => (status === "rejected" ? "refused" : undefined),
      clock,
    });
    return { layer, held: () => layer.active };
  };
}

/** Refuses every other one, as far as a throttle with it would refuse at all. */
function alternating(): () => number {
  let nth = 0;
  return () => (nth++ % 2 === 0 ? 0 : 0.99);
}

export const layers: LayerShapes = {
  throttle: {
    observes: true,
    opaque: "how many it lets in depends on what it owes, which a permit that is given back changes",
    // So many requests do not come.
    calm: (clock) => throttle({ minimumPerSecond: 1_000, clock }),
    drawn: refusing({}),
  },
  "throttle, at random": {
    observes: true,
    opaque: "how many it lets in depends on what it owes, which a permit that is given back changes",
    calm: (clock) => throttle({ minimumPerSecond: 1_000, random: () => 0, clock }),
    drawn: (draw, clock) => refusing({ random: alternating() })(draw, clock),
  },
};
