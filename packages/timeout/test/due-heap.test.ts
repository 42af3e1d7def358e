import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Due, DueHeap } from "../src/due-heap.ts";

class Entry extends Due {
  constructor(due: number) {
    super();
    this.due = due;
  }
}

type Step = { readonly add: number } | { readonly leave: number } | "first";

const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ leave: fc.nat() }),
    fc.constant("first" as const),
  ),
  { maxLength: 200, size: "max" },
);

describe("a heap by due time", () => {
  test("has the one that is due first at its head, whoever joins and leaves", () => {
    fc.assert(
      fc.property(steps, (schedule) => {
        const heap = new DueHeap();
        const model: Entry[] = [];
        const seen: unknown[] = [];
        const wanted: unknown[] = [];
        const leave = (at: number): void => {
          const [entry] = model.splice(at, 1);
          seen.push(heap.remove(entry!), heap.remove(entry!));
          wanted.push(true, false);
        };
        for (const step of schedule) {
          if (step === "first") {
            if (heap.first !== undefined) leave(model.indexOf(heap.first));
          } else if ("add" in step) {
            const entry = new Entry(step.add);
            heap.add(entry);
            model.push(entry);
          } else if (model.length > 0) leave(step.leave % model.length);
          // Sorting is stable: among those due together the first that joined.
          seen.push(heap.first);
          wanted.push([...model].sort((a, b) => a.due - b.due)[0]);
        }
        while (heap.first !== undefined) {
          seen.push(heap.first.due);
          heap.remove(heap.first);
        }
        wanted.push(...model.map(({ due }) => due).sort((a, b) => a - b));
        expect(seen).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  // Counts comparisons, which says the same on a slow machine as on a quick one.
  test("costs a few steps each, also when deadlines come in the worst order", () => {
    let reads = 0;
    class Counted extends Due {
      constructor(due: number) {
        super();
        Object.defineProperty(this, "due", {
          get: () => {
            reads++;
            return due;
          },
        });
      }
    }
    const perEntry = (count: number): number => {
      reads = 0;
      const heap = new DueHeap();
      const entries = Array.from({ length: count }, (_, index) => new Counted(count - index));
      for (const entry of entries) heap.add(entry);
      for (const entry of entries.slice(0, count / 2)) heap.remove(entry);
      while (heap.first !== undefined) heap.remove(heap.first);
      return reads / count;
    };
    expect(perEntry(20_000)).toBeLessThan(2 * perEntry(200));
  });
});
