import { Semaphore } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import type { AnyLayer, LayerShapes } from "@sluice/test-kit";

/** So many slots for each key. */
function slots(max: number, maxKeys?: number): { readonly layer: AnyLayer; readonly held: () => number } {
  const made: Semaphore[] = [];
  const layer = keyed({
    key: (request: string) => request,
    gate: () => {
      const gate = new Semaphore(max);
      made.push(gate);
      return gate;
    },
    maxKeys,
  });
  return { layer, held: () => made.reduce((all, { active, waiting }) => all + active + waiting, 0) };
}

export const layers: LayerShapes = {
  keyed: {
    observes: true,
    calm: (_clock, room) => slots(room).layer,
    drawn: ({ size }) => slots(size),
  },
  "keyed, one gate for all": {
    observes: true,
    calm: (_clock, room) => keyed({ key: () => "all", gate: () => new Semaphore(room) }),
    drawn: ({ size }) => {
      const gate = new Semaphore(size);
      const layer = keyed({ key: () => "all", gate: () => gate });
      return { layer, held: () => gate.active + gate.waiting, max: size };
    },
  },
};
