import { isOverloadedError, ServiceBuilder } from "@sluice/core";
import { memoryStore, sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";

const answers = async (name: string): Promise<string> => name;

describe("loadShed outside of a shared limit", () => {
  test("refuses the first caller of a member that has borrowed nothing, and none with a wait", async () => {
    const clock = new VirtualClock();
    const store = memoryStore({ clock });
    const limits = [
      () => sharedRateLimit({ store, key: "k", limit: 9, interval: 1_000, clock }),
      () => sharedConcurrencyLimit({ store, key: "k", max: 9, clock }),
    ];
    for (const limit of limits) {
      const hasty = new ServiceBuilder().layer(loadShed()).layer(limit()).serviceFn(answers);
      await expect(hasty.call("a")).rejects.toSatisfy(isOverloadedError);
      expect(await hasty.call("b")).toBe("b");
      const patient = new ServiceBuilder()
        .layer(loadShed({ wait: 50, clock }))
        .layer(limit())
        .serviceFn(answers);
      expect(await patient.call("a")).toBe("a");
    }
  });

  test("a rate that is exhausted says when to come again", async () => {
    const clock = new VirtualClock();
    const store = memoryStore({ clock });
    const rate = sharedRateLimit({ store, key: "k", limit: 1, interval: 10_000, clock });
    const service = new ServiceBuilder()
      .layer(loadShed({ wait: 50, clock }))
      .layer(rate)
      .serviceFn(answers);
    expect(await service.call("a")).toBe("a");
    const waiting = service.call("b");
    const refused: unknown = await Promise.all([waiting.catch((error: unknown) => error), clock.advanceAsync(50)]).then(
      ([error]) => error,
    );
    expect(isOverloadedError(refused) && refused.reason).toBe("rate");
    // Now the outage is known.
    const known: unknown = await service.call("c").catch((error: unknown) => error);
    expect(isOverloadedError(known) && known.retryAfter).toBeGreaterThan(9_000);
    expect(rate.waiting).toBe(0);
  });
});

test("two shared limits in a stack: who gets the first and not the second gives it back", async () => {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  const rate = sharedRateLimit({ store, key: "k", limit: 9, interval: 1_000, clock });
  const slots = sharedConcurrencyLimit({ store, key: "k", max: 1, clock });
  const service = new ServiceBuilder().layer(rate).layer(slots).serviceFn(answers);
  await rate.warm(2);
  await slots.warm();
  const permit = service.tryReady("a");
  expect([service.tryReady("b"), rate.active, rate.available]).toEqual([undefined, 1, 1]);
  permit?.release();
  expect([rate.active, rate.available, slots.active]).toEqual([0, 2, 0]);
});
