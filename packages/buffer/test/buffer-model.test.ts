import { ServiceBuilder } from "@sluice/core";
import { type MockRequest, mockService } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buffer } from "../src/index.ts";
import { Bench, happenings, type Step } from "./helper/bench.ts";
import { turn, watch } from "@sluice/test-kit";

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...happenings.slice(0, 10)) },
      { weight: 1, arbitrary: fc.constantFrom(...happenings.slice(10)) },
    ),
    fc.nat(20),
  ),
  { minLength: 1, maxLength: 60 },
);

describe("whatever the schedule", () => {
  test("promises 1, 3, 4, 5: a buffer is a line, a queue and a number", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (capacity, schedule) => {
        const bench = new Bench(capacity);
        for (const step of schedule) {
          bench.step(step);
          await turn();
          expect(bench.seen()).toEqual(bench.expected());
        }
        // Whoever is left is served, and every slot comes back.
        const last: Step[] = [
          ["grant", 2],
          ["release", 0],
          ["respond", 0],
        ];
        while (!bench.model.drained || bench.model.line.length > 0) {
          for (const step of last) {
            bench.step(step);
            await turn();
          }
        }
        expect(bench.seen()).toEqual(bench.expected());
        expect(bench.queue).toMatchObject({ active: 0, waiting: 0, waitingForSlot: 0, oldest: 0 });
      }),
      { numRuns: 500 },
    );
  });

  test("promises 3, 4, 5: also when several things happen in one turn, nobody overtakes and every slot comes back", async () => {
    const schedules = fc.array(
      fc.tuple(fc.constantFrom("call", "abort", "grant", "respond", "failReadiness", "turn", "microtask"), fc.nat(20)),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), schedules, async (capacity, schedule) => {
        const [inner, handle] = mockService<number, number>();
        handle.allow(0);
        const queue = buffer({ capacity });
        const service = new ServiceBuilder().layer(queue).service(inner);
        const controllers: AbortController[] = [];
        const states: (() => readonly [string, unknown?])[] = [];
        const started: MockRequest<number, number>[] = [];
        const collect = async (): Promise<void> => {
          for (;;) started.push(await handle.nextRequest());
        };
        void collect();
        const answer = (at: number): void => {
          const running = started.filter((request) => !request.answered);
          running[at % running.length]?.respond(0);
        };
        for (const [name, at] of schedule) {
          if (name === "call") {
            const controller = new AbortController();
            controllers.push(controller);
            states.push(watch(service.call(controllers.length, { signal: controller.signal })));
          } else if (name === "abort") controllers[at % controllers.length]?.abort("aborted");
          else if (name === "grant") handle.allow(at % 4);
          else if (name === "respond") answer(at);
          else if (name === "failReadiness") handle.sendFailure("not ready");
          else if (name === "microtask") await Promise.resolve();
          else await turn();
          expect(queue.available).toBeGreaterThanOrEqual(0);
          expect(queue.waiting).toBeLessThanOrEqual(capacity);
        }
        handle.allow(Number.POSITIVE_INFINITY);
        for (let left = controllers.length; left >= 0; left--) {
          await turn();
          answer(0);
        }
        const order = started.map(({ request }) => request);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(states.map((state) => state()[0])).not.toContain("pending");
        expect(queue).toMatchObject({ active: 0, waiting: 0, waitingForSlot: 0, available: capacity });
        expect(handle).toMatchObject({ active: 0, reserved: 0, waiting: 0 });
      }),
      { numRuns: 500 },
    );
  });
});
