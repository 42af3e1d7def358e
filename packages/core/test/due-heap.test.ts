import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Due, DueHeap } from "../src/kit/due-heap.ts";

class Entry implements Due<Entry> {
  readonly due: number;
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  below: Entry | undefined = undefined;

  constructor(due: number) {
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
        const heap = new DueHeap<Entry>();
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
          seen.push(heap.first?.due);
          wanted.push(model.map(({ due }) => due).sort((a, b) => a - b)[0]);
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

  test("has them in the order in which they joined, where that is the order in which they are due", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 })), fc.array(fc.boolean()), (gaps, leaves) => {
        const heap = new DueHeap<Entry>();
        let now = 0;
        const entries = gaps.map((gap) => new Entry((now += gap)));
        for (const entry of entries) heap.add(entry);
        const staying = entries.filter((_, index) => leaves[index] !== true);
        for (const entry of entries) if (!staying.includes(entry)) heap.remove(entry);
        const placeOf = (entry: Entry): number => entries.indexOf(entry);
        const seen: number[] = [];
        for (let { first } = heap; first !== undefined; { first } = heap) {
          seen.push(placeOf(first));
          heap.remove(first);
        }
        expect(seen).toEqual(staying.map(placeOf));
      }),
      { numRuns: 500 },
    );
  });

  test("keeps that order whoever leaves from among them, in whatever order", () => {
    const leaving = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1 }), leaving, (gaps, leaves) => {
        const heap = new DueHeap<Entry>();
        let now = 0;
        const entries = gaps.map((gap) => new Entry((now += gap)));
        for (const entry of entries) heap.add(entry);
        const staying = [...entries];
        for (const leave of leaves) {
          const [entry] = staying.splice(leave % entries.length, 1);
          if (entry !== undefined) heap.remove(entry);
        }
        const seen: number[] = [];
        for (let { first } = heap; first !== undefined; { first } = heap) {
          seen.push(entries.indexOf(first));
          heap.remove(first);
        }
        expect(seen).toEqual(staying.map((entry) => entries.indexOf(entry)));
      }),
      { numRuns: 500 },
    );
  });

  // Counts comparisons, which says the same on a slow machine as on a quick one.
  const orders: Record<string, (index: number, count: number) => number> = {
    "one after the other": (index) => index,
    "the last first": (index, count) => count - index,
    "in no order": (index, count) => (index * 7_919) % count,
  };
  test.each(Object.entries(orders))("costs a few steps each, when they are due %s", (_name, dueOf) => {
    let reads = 0;
    class Counted extends Entry {
      constructor(due: number) {
        super(due);
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
      const heap = new DueHeap<Entry>();
      const entries = Array.from({ length: count }, (_, index) => new Counted(dueOf(index, count)));
      for (const entry of entries) heap.add(entry);
      for (const entry of entries.slice(0, count / 2)) heap.remove(entry);
      while (heap.first !== undefined) heap.remove(heap.first);
      return reads / count;
    };
    expect(perEntry(20_000)).toBeLessThan(3 * perEntry(200));
  });
});
