import { concurrencyLimit, type ConcurrencyLimitOptions, rateLimit, type RateLimitOptions } from "@sluice/limit";
import { type DrawnLayer, heldBy, type LayerShape, type LayerShapes } from "@sluice/test-kit";

function atOnce(size: number, options: ConcurrencyLimitOptions): DrawnLayer {
  const layer = concurrencyLimit(size, options);
  return { layer, held: () => heldBy(layer) + size - layer.available, max: size };
}

function rate(algorithm: RateLimitOptions["algorithm"]): LayerShape {
  return {
    observes: true,
    calm: (clock, room) => rateLimit({ limit: room, interval: 1_000, algorithm, clock }),
    drawn({ size, ms }, clock) {
      const layer = rateLimit({ limit: size, interval: ms, algorithm, clock });
      return { layer, held: () => heldBy(layer) };
    },
  };
}

export const layers: LayerShapes = {
  concurrencyLimit: {
    observes: true,
    calm: (clock, room) => concurrencyLimit(room, { clock }),
    drawn: ({ size }, clock) => atOnce(size, { clock }),
  },
  "concurrencyLimit, until": {
    opaque: "a timer that it waits for looks like one that was left behind",
    drawn: ({ size }, clock) =>
      atOnce(size, { clock, until: () => new Promise<void>((ended) => clock.setTimeout(ended, 5)) }),
  },
  "concurrencyLimit, until at once": {
    drawn: ({ size }, clock) => atOnce(size, { clock, until: () => Promise.resolve() }),
  },
  "rateLimit, sliding window": rate("sliding-window"),
  "rateLimit, token bucket": rate("token-bucket"),
  "rateLimit, fixed window": rate("fixed-window"),
};
