import { type AnyLayer, type Clock, systemClock } from "@sluice/core";
import { circuitBreaker, type CircuitBreakerLayer } from "@sluice/circuit-breaker";
import { hedge } from "@sluice/hedge";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/*
 * A deadline is a time of the clock, which is `performance.now()` and not `Date.now()`: a deadline by `Date.now()` would silently never be
 * due.
 */
const readers: Record<string, (clock: Clock) => AnyLayer[]> = {
  timeout: (clock) => [timeout({ deadline: true, clock })],
  hedge: (clock) => [hedge({ delay: 100_000, clock })],
  retry: (clock) => [retry(retryPolicy({ maxRetries: 1 }), { clock })],
  rateLimit: (clock) => [rateLimit({ limit: 1, interval: 1_000, clock })],
  circuitBreaker(clock) {
    const breaker = circuitBreaker({ whenOpen: "wait", breakFor: 500, clock });
    opens.add(breaker);
    return [breaker];
  },
  loadShed: (clock) => [loadShed({ wait: 1_000, clock }), concurrencyLimit(1)],
};
const longest = 2 ** 31 - 1;
/** Layers in which no caller waits before they are open. */
const opens = new Set<CircuitBreakerLayer>();

/** A stack in which one call runs, so that the next has to wait where there is a limit. */
function setUp(layers: AnyLayer[]) {
  const workshop = new Workshop();
  const service = stacked(layers, workshop.service);
  void service.call("first");
  for (const breaker of opens) breaker.open();
  opens.clear();
  return { service, workshop };
}

describe.each(Object.entries(readers))(
  "%s refuses a deadline that is further away than a timer can be set",
  (name, make) => {
    test.each<[string, Clock, number]>([
      ["of the epoch, on the system's clock", systemClock, Date.now() + 500],
      ["of the epoch, on a clock that starts at 0", new VirtualClock(), Date.now() + 500],
      ["beyond the longest timer", new VirtualClock(1_000), 1_000 + longest + 1],
    ])("%s, by a RangeError that says whose time it is", async (_case, clock, deadline) => {
      const { service, workshop } = setUp(make(clock));
      const error = {
        name: "RangeError",
        message: expect.stringMatching(
          new RegExp(
            `^${name}: deadline must be at most 2147483647 ms from now, in the time of the clock .*performance\\.now\\(\\).*; received ${deadline}`,
          ),
        ) as string,
      };
      await expect(service.call("a", { deadline })).rejects.toMatchObject(error);
      expect(workshop.begun).toEqual(["first"]);
    });

    test.each([1_000 + longest, Number.POSITIVE_INFINITY])(
      "and takes %d, which is not, or none at all",
      async (deadline) => {
        const clock = new VirtualClock(1_000);
        const { service, workshop } = setUp(make(clock));
        const call = service.call("a", { deadline });
        for (let round = 0; round < 3; round++) {
          workshop.running[0]?.finish();
          await clock.advance(500);
        }
        await expect(call).resolves.toBe("A");
        expect(clock.pending).toBe(0);
      },
    );
  },
);

test("a deadline before time began has passed, and is no mistake", async () => {
  const { service } = setUp(readers["timeout"]!(new VirtualClock()));
  await expect(service.call("a", { deadline: Number.NEGATIVE_INFINITY })).rejects.toMatchObject({
    code: "ERR_SLUICE_TIMEOUT",
    phase: "deadline",
  });
});
