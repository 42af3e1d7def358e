import { gate, identity, middleware, Semaphore } from "@sluice/core";
import { heldBy, type LayerShapes, Transient } from "@sluice/test-kit";

export const layers: LayerShapes = {
  identity: {
    observes: true,
    calm: () => identity(),
    drawn: () => ({ layer: identity() }),
  },
  "middleware that hands on": {
    observes: true,
    calm: () => middleware("handsOn", (request, next, options) => next(request, options)),
  },
  "middleware of its own": {
    calm: () => middleware("own", async (request, next, options) => next(request, options)),
    drawn: () => ({ layer: middleware("own", async (request, next, options) => next(request, options)) }),
  },
  "middleware that does not wait": {
    drawn: ({ ms }, clock) => ({
      layer: middleware("impatient", (request, next, options) => {
        const answer = next(request, options);
        answer.catch(() => {});
        return new Promise((resolve, reject) => {
          const timer = clock.setTimeout(() => reject(new Transient("impatient")), ms);
          const settled = (): void => {
            clock.clearTimeout(timer);
            answer.then(resolve, reject);
          };
          answer.then(settled, settled);
        });
      }),
    }),
  },
  gate: {
    observes: true,
    calm: (_clock, room) => gate(new Semaphore(room), { name: "gate" }),
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      return { layer: gate(semaphore, { name: "gate" }), held: () => heldBy(semaphore), max: size };
    },
  },
};
