import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { type LayerShapes, randomFrom } from "@sluice/test-kit";

export const layers: LayerShapes = {
  retry: {
    repeats: true,
    calm: (clock) => retry(retryPolicy({ maxRetries: 1, retryIf: () => false }), { clock }),
    drawn({ size, ms }, clock) {
      const backoff = exponentialBackoff({ base: ms % 7, max: 10, jitter: "none" });
      const layer = retry(retryPolicy({ maxRetries: size, backoff }), { clock });
      return { layer, held: () => layer.waiting };
    },
  },
  "retry, of copies": {
    repeats: true,
    drawn({ size, ms }, clock) {
      const backoff = exponentialBackoff({ base: 5, max: 5, random: randomFrom(ms) });
      const policy = retryPolicy<string>({ maxRetries: size, backoff });
      const layer = retry({ ...policy, cloneRequest: (request: string) => request }, { clock });
      return { layer, held: () => layer.waiting };
    },
  },
};
