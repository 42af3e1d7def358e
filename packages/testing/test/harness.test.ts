import { type AnyLayer, gate, Semaphore } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { AsyncContext } from "../src/contract/driver/async-context.ts";
import { askAborted } from "../src/contract/random/misuse.ts";
import { type Harness, inHarness } from "../src/contract/driver/harness.ts";
import type { Subject } from "../src/contract/driver/subject.ts";
import type { VirtualClock } from "../src/index.ts";
import { handsUp, impatient } from "./helper/impatient.ts";
import { joined } from "./helper/joined.ts";
import { remembering } from "./helper/remembering.ts";
import { stacked } from "./helper/stacked.ts";
import { fallback } from "./helper/unusual-layers.ts";
import { wrapped } from "./helper/wrapped.ts";

const subjectOf = (make: Subject["make"]): Subject => ({
  make,
  requests: [1],
  responses: [1],
  defers: false,
  observes: false,
  orders: false,
  answers: false,
  warms: false,
  ready: undefined,
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
    const breaches = await inHarness(
      subjectOf(() => fallback()),
      async (harness) => {
        const { clients, inner } = harness;
        inner.allow(0);
        clients.ready(1);
        await harness.settle();
        inner.failReadiness();
        inner.allow(1);
        expect(clients.tryReady(1)).toBeDefined();
        await harness.settle();
      },
    );
    expect(breaches).toEqual([]);
  });

  test("who recovers from a failure of readiness overtakes nobody who waits for something else", async () => {
    const breaches = await inHarness(
      subjectOf(({ clock }) => stacked(fallback(), joined(new Semaphore(1, { clock })))),
      async (harness) => {
        const { clients, inner } = harness;
        clients.call(1);
        await harness.settle();
        const waiting = clients.ready(1);
        await harness.settle();
        inner.failReadiness();
        expect(clients.tryReady(1)).toBeDefined();
        await harness.settle();
        expect(waiting.open).toBe(true);
      },
    );
    expect(breaches).toEqual([]);
  });

  test("who was given up on and goes on is let in by a permit that somebody else gives back", async () => {
    const breaches = await inHarness(
      subjectOf(({ clock }) =>
        stacked(impatient(clock, handsUp), secondTry(clock), gate(new Semaphore(1, { clock }), { name: "one" })),
      ),
      async (harness) => {
        const { clients, inner } = harness;
        clients.call(1);
        await harness.settle();
        inner.fail(inner.inFlight[0]!);
        await harness.settle();
        const held = clients.tryReady(1)!;
        await harness.advance(20);
        expect(inner.arrivals).toHaveLength(1);
        await askAborted(harness, 1, held);
        expect(inner.arrivals).toHaveLength(2);
      },
    );
    expect(breaches).toEqual([]);
  });

  const meetsAnAnswer = async (harness: Harness): Promise<void> => {
    const { clients, inner } = harness;
    const held = clients.tryReady(1)!;
    inner.allow(0);
    clients.ready(1);
    await harness.settle();
    clients.spend(held);
    inner.respond(inner.inFlight[0]!);
    await harness.settle();
    expect(clients.tryReady(1)).toBeDefined();
    await harness.settle();
  };

  test("whoever waits for what is answered without the service inside meanwhile is overtaken, unless the layer answers by itself", async () => {
    const subject = subjectOf(() => remembering());
    const seen = async (answers: boolean): Promise<readonly string[]> =>
      (await inHarness({ ...subject, answers }, meetsAnAnswer)).map(({ sentence }) => sentence);
    expect(await seen(false)).toEqual(["notOvertaken"]);
    expect(await seen(true)).toEqual([]);
  });
});
