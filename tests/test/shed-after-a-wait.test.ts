import { type OverloadedError, ServiceBuilder } from "@sluice/core";
import { rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";

const outcomeOf = (call: Promise<string>): Promise<string> =>
  call.catch((error: OverloadedError) => `${error.name} by ${String(error.layer)}`);

/** One call in each `interval` ms, and an outer layer that waits 50 ms for a permit. */
function rateBehindAWait(interval: number) {
  const clock = new VirtualClock();
  const rate = rateLimit({ limit: 1, interval, clock });
  const service = new ServiceBuilder()
    .layer(loadShed({ wait: 50, clock }))
    .layer(rate)
    .serviceFn(async (name: string) => name);
  return { clock, rate, service };
}

describe("loadShed with a wait, outside of a rate", () => {
  test("refuses at once what is known to take longer, and waits for what does not", async () => {
    const { clock, rate, service } = rateBehindAWait(100);
    expect(await service.call("a")).toBe("a");
    expect(await outcomeOf(service.call("b"))).toBe("OverloadedError by rateLimit");
    expect(rate.waiting).toBe(0);
    await clock.advance(60);
    const waiting = service.call("c");
    expect(rate.waiting).toBe(1);
    await clock.advance(40);
    expect(await waiting).toBe("c");
  });

  test("a rate that knows that the turn cannot come in time refuses without waiting, behind others too", async () => {
    const { clock, service } = rateBehindAWait(40);
    await service.call("a");
    const second = service.call("b");
    expect(await outcomeOf(service.call("c"))).toBe("OverloadedError by rateLimit");
    await clock.advance(40);
    expect(await second).toBe("b");
  });

  test("the caller's deadline goes inside where it is earlier", async () => {
    const { clock, service } = rateBehindAWait(40);
    await service.call("a");
    expect(await outcomeOf(service.call("b", { deadline: clock.now() + 30 }))).toBe("OverloadedError by rateLimit");
  });
});
