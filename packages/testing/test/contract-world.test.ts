import { type AnyLayer, gate, Semaphore } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { AsyncContext } from "../src/contract/driver/async-context.ts";
import { askAborted } from "../src/contract/random/misuse.ts";
import { inWorld } from "../src/contract/scenarios/scenario.ts";
import type { Subject } from "../src/contract/driver/subject.ts";
import type { VirtualClock } from "../src/index.ts";
import { handsUp, impatient } from "./helper/impatient.ts";
import { joined } from "./helper/joined.ts";
import { stacked } from "./helper/stacked.ts";
import { fallback } from "./helper/unusual-layers.ts";
import { wrapped } from "./helper/wrapped.ts";

const subjectOf = (make: Subject["make"]): Subject => ({
  make,
  requests: [1],
  responses: [1],
  defers: false,
  observes: false,
  context: new AsyncContext<number>(),
  absorbs: false,
  joins: false,
});

/** Asks again 5 ms after a failure. */
const secondTry = (clock: VirtualClock): AnyLayer =>
  wrapped({
    call: (next, options, request, inner) =>
      next().catch(async () => {
        await new Promise<void>((due) => clock.setTimeout(due, 5));
        return (await inner.ready({ request })).call(request, options);
      }),
  });

describe("schedules that chance seldom comes by, and layers that keep every promise", () => {
  test("who recovers from a failure of readiness is not overtaken by those who ask meanwhile", async () => {
    const breaches = await inWorld(
      subjectOf(() => fallback()),
      async (world) => {
        const { callers, inside } = world;
        inside.allow(0);
        callers.ready(1);
        await world.settle();
        inside.failReadiness();
        inside.allow(1);
        expect(callers.tryReady(1)).toBeDefined();
        await world.settle();
      },
    );
    expect(breaches).toEqual([]);
  });

  test("who recovers from a failure of readiness overtakes nobody who waits for something else", async () => {
    const breaches = await inWorld(
      subjectOf(({ clock }) => stacked(fallback(), joined(new Semaphore(1, { clock })))),
      async (world) => {
        const { callers, inside } = world;
        callers.call(1);
        await world.settle();
        const waiting = callers.ready(1);
        await world.settle();
        inside.failReadiness();
        expect(callers.tryReady(1)).toBeDefined();
        await world.settle();
        expect(waiting.open).toBe(true);
      },
    );
    expect(breaches).toEqual([]);
  });

  test("who was given up on and goes on is let in by a permit that somebody else gives back", async () => {
    const breaches = await inWorld(
      subjectOf(({ clock }) =>
        stacked(impatient(clock, handsUp), secondTry(clock), gate(new Semaphore(1, { clock }), { name: "one" })),
      ),
      async (world) => {
        const { callers, inside } = world;
        callers.call(1);
        await world.settle();
        inside.fail(inside.inFlight[0]!);
        await world.settle();
        const held = callers.tryReady(1)!;
        await world.advance(20);
        expect(inside.arrivals).toHaveLength(1);
        await askAborted(world, 1, held);
        expect(inside.arrivals).toHaveLength(2);
      },
    );
    expect(breaches).toEqual([]);
  });
});
