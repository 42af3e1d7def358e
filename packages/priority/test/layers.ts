import { gate, Semaphore } from "@sluice/core";
import { priorityLine } from "@sluice/priority";
import { heldBy, type LayerShapes } from "@sluice/test-kit";

/** Requests are strings: the longer, the less important. Those of the tests of hostile requests may be anything. */
const priority = (request: string): number => (typeof request === "string" ? request.length - 1 : 0);

type Clock = NonNullable<Parameters<typeof priorityLine>[0]["clock"]>;

function slots(max: number, clock: Clock): Semaphore {
  return new Semaphore(max, { clock, line: priorityLine<string>({ priority, clock }) });
}

export const layers: LayerShapes = {
  "a semaphore with priorityLine": {
    observes: true,
    calm: (clock, room) => gate(slots(room, clock), { name: "prioritized" }),
    drawn({ size }, clock) {
      const semaphore = slots(size, clock);
      const layer = gate(semaphore, { name: "prioritized" });
      return { layer, held: () => heldBy(semaphore) + size - semaphore.available, max: size };
    },
  },
};
