import { type AnyLayer, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { mapResponse } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { deferring, eachLayer, observing } from "./helper/each-layer.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { hops } from "@sluice/test-kit";
import { Workshop } from "./helper/workshop.ts";

const made = (name: string, clock = new VirtualClock()): AnyLayer => eachLayer[name]!(clock);

/** The answer is already there, so that only the layers' microtasks are counted. */
const answering = serviceFn(() => "ok");
const failing = (): Service<unknown, string> => {
  const failure = Promise.reject(new Error("no"));
  failure.catch(() => {});
  return serviceFn(() => failure);
};

/** How many microtasks a stack adds to an answer: by `call`, by a permit, and to a failure. */
async function added(layers: () => readonly AnyLayer[]): Promise<readonly number[]> {
  return [
    await hops(stacked(layers(), answering).call("x")),
    await hops(permitOf(stacked(layers(), answering)).call("x")),
    await hops(stacked(layers(), failing()).call("x")),
  ];
}

describe("promise 11: readiness", () => {
  test.each(Object.keys(eachLayer))("%s adds nothing to it", async (name) => {
    const service = stacked([made(name)], answering);
    expect(await hops(service.ready())).toBe(0);
    expect(await hops(service.ready({ request: "x" }))).toBe(0);
    expect(service.tryReady()).toBeDefined();
  });

  test("all layers together add nothing to it, and to each other", async () => {
    const clock = new VirtualClock();
    const all = stacked(
      Object.keys(eachLayer).map((name) => made(name, clock)),
      answering,
    );
    expect(await hops(all.ready({ request: "x" }))).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("through all layers but one that has work of its own to do, the work starts in the same turn", () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const layers = Object.keys(eachLayer).flatMap((name) => (deferring.includes(name) ? [] : [made(name, clock)]));
    const service = stacked(layers, workshop.service);
    void service.call("a");
    expect(workshop.begun).toEqual(["a"]);
    void permitOf(service, "b").call("b");
    void permitOf(service).call("c");
    expect(workshop.begun).toEqual(["a", "b", "c"]);
  });
});

describe("promise 11: answers", () => {
  test.each(observing)("%s adds at most one microtask, at its edge", async (name) => {
    expect(Math.max(...(await added(() => [made(name)])))).toBeLessThanOrEqual(1);
  });

  test.each(observing)("%s around and inside each other one adds none to it", async (name) => {
    for (const other of observing) {
      const both = [await added(() => [made(name), made(other)]), await added(() => [made(other), made(name)])];
      expect([name, other, Math.max(...both.flat())]).toEqual([name, other, expect.toSatisfy((most) => most <= 1)]);
    }
  });

  test("all that only look on add one together", async () => {
    expect(await added(() => observing.map((name) => made(name)))).toEqual([1, 1, 1]);
    expect(await added(() => [...observing, ...observing, ...observing].map((name) => made(name)))).toEqual([1, 1, 1]);
  });

  test("layers that answer with a promise of their own add theirs; those around and between add at most one", async () => {
    const clock = new VirtualClock();
    const own = (): AnyLayer[] => [
      timeout({ call: 100, clock }),
      retry(retryPolicy({ maxRetries: 1, retryIf: () => false }), { clock }),
      mapResponse((response: string) => response),
      timeout({ call: 50, clock }),
    ];
    const alone = await added(own);
    // Inside a timeout a call has a deadline, which a layer for deadlines must handle.
    const around = observing.filter((name) => name !== "timeout for deadlines");
    const between = await added(() => own().flatMap((layer) => [...around.map((name) => made(name)), layer]));
    expect(between).toEqual(alone.map((count) => count + 1));
    // And at most one for each of the four.
    expect(Math.max(...alone)).toBeLessThanOrEqual(4);
  });

  test("a call that waited for its turn is answered as soon as one that did not", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const service = stacked([made("trace with a logger"), concurrencyLimit(1), made("gate", clock)], workshop.service);
    const first = service.call("a");
    const second = service.call("b");
    workshop.of("a").finish();
    expect(await hops(first)).toBe(1);
    await clock.advance(0);
    workshop.of("b").finish();
    expect(await hops(second)).toBeLessThanOrEqual(1);
  });
});
