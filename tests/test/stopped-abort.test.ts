import { buffer } from "@sluice/buffer";
import { type AnyLayer, type Gate, gate, Semaphore } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { stateOf } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/*
 * A listener that was added before ours may stop the event of an abort: then ours is not called. A caller is taken out at the latest at its
 * grant or when its timer fires.
 */
function stoppedAbort(): AbortController {
  const controller = new AbortController();
  controller.signal.addEventListener("abort", (event) => {
    event.stopImmediatePropagation();
  });
  return controller;
}

const reason = { why: "the caller left" };
const backoff = exponentialBackoff({ base: 100, max: 100, jitter: "none" });
const anothersGate = (semaphore: Semaphore): Gate<unknown> => ({
  tryAcquire: () => semaphore.tryAcquire(),
  acquire: async () => semaphore.acquire(),
});

const waits: Record<string, (clock: VirtualClock) => AnyLayer[]> = {
  "for a slot": () => [concurrencyLimit(1)],
  "for a rate": (clock) => [rateLimit({ limit: 1, interval: 1_000, clock })],
  "for a gate of somebody's": () => [gate(anothersGate(new Semaphore(1)), { name: "own" })],
  "under a timeout": (clock) => [timeout({ total: 9_000, clock }), concurrencyLimit(1)],
  "under a loadShed that waits": (clock) => [loadShed({ wait: 9_000, clock }), concurrencyLimit(1)],
  "in a buffer": () => [buffer({ capacity: 5 }), concurrencyLimit(1)],
  "for a slot of a buffer": () => [buffer({ capacity: 1 }), concurrencyLimit(1)],
};

describe("an abort whose event another listener stopped", () => {
  test.each(Object.entries(waits))(
    "takes whoever waits %s out when its turn comes, and starts nothing",
    async (name, layers) => {
      const clock = new VirtualClock();
      const workshop = new Workshop();
      const service = stacked(layers(clock), workshop.service);
      const before = ["first", "second"].map((each) => service.call(each));
      const controller = stoppedAbort();
      const gone = service.call("gone", { signal: controller.signal });
      // A buffer has room for another permit.
      const asked =
        name === "in a buffer"
          ? service.call("gone", { signal: controller.signal })
          : service.ready({ request: "gone", signal: controller.signal });
      const next = service.call("next");
      controller.abort(reason);
      expect([await stateOf(gone), await stateOf(asked)]).toEqual(["pending", "pending"]);
      const settled = Promise.allSettled([gone, asked]);
      for (let round = 0; round < 4; round++) {
        workshop.running[0]?.finish();
        await clock.advance(1_000);
      }
      expect(await settled).toEqual([
        { status: "rejected", reason },
        { status: "rejected", reason },
      ]);
      expect(await Promise.all([...before, next])).toEqual(["FIRST", "SECOND", "NEXT"]);
      expect([workshop.begun, clock.pending]).toEqual([["first", "second", "next"], 0]);
    },
  );

  test("ends a backoff when its timer fires", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const layer = retry(retryPolicy({ maxRetries: 3, backoff }), { clock });
    const controller = stoppedAbort();
    const call = stacked([layer], workshop.service).call("a", { signal: controller.signal });
    workshop.running[0]!.fail(new Error("no"));
    await clock.advance(0);
    await clock.advance(50);
    controller.abort(reason);
    expect(await stateOf(call)).toBe("pending");
    await clock.advance(50);
    await expect(call).rejects.toBe(reason);
    expect([workshop.begun, layer.waiting, clock.pending]).toEqual([["a"], 0, 0]);
  });

  test.each<[string, (clock: VirtualClock) => AnyLayer]>([
    ["a timeout", (clock) => timeout({ ready: 100, clock })],
    ["a loadShed that waits", (clock) => loadShed({ wait: 100, clock })],
  ])("ends the wait under %s when its time is over", async (_name, layer) => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(0);
    const controller = stoppedAbort();
    const call = stacked([layer(clock), limit], new Workshop().service).call("a", { signal: controller.signal });
    controller.abort(reason);
    await clock.advance(100);
    await expect(call).rejects.toBe(reason);
    expect([limit.waiting, clock.pending]).toEqual([0, 0]);
  });

  test("is told to the work under a timeout when its time is over", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const controller = stoppedAbort();
    const call = stacked([timeout({ call: 100, clock })], workshop.service).call("a", { signal: controller.signal });
    controller.abort(reason);
    expect(workshop.running[0]!.options.signal!.aborted).toBe(false);
    await clock.advance(100);
    expect(workshop.running[0]!.options.signal!.reason).toBe(reason);
    workshop.running[0]!.finish();
    await expect(call).resolves.toBe("A");
  });
});
