import { Semaphore } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import type { AnyLayer, LayerShapes } from "@sluice/test-kit";

/** So many slots for each key. */
function slots(max: number): { readonly layer: AnyLayer; readonly held: () => number } {
  const made: Semaphore[] = [];
  const layer = keyed({
    // Requests may be anything in the tests of hostile ones, promises included, which are no keys.
    key: (request: string) => (typeof request === "string" ? request : "none"),
    gate: () => {
      const gate = new Semaphore(max);
      made.push(gate);
      return gate;
    },
  });
  return { layer, held: () => made.reduce((all, { active, waiting }) => all + active + waiting, 0) };
}

const opaque =
  "it refuses in the call what was reserved for another key, and a layer outside may map that to another failure";

export const layers: LayerShapes = {
  keyed: {
    observes: true,
    opaque,
    calm: (_clock, room) => slots(room).layer,
    drawn: ({ size }) => slots(size),
  },
  "keyed, one gate for all": {
    observes: true,
    opaque,
    calm: (_clock, room) => keyed({ key: () => "all", gate: () => new Semaphore(room) }),
    drawn: ({ size }) => {
      const gate = new Semaphore(size);
      const layer = keyed({ key: () => "all", gate: () => gate });
      return { layer, held: () => gate.active + gate.waiting, max: size };
    },
  },
};
