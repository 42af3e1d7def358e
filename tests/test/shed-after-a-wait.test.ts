import { type OverloadedError, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { timeout, type TimeoutOptions } from "@sluice/timeout";
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

/** A limit without a slot, and timeouts on both sides of it, inside of an outer layer that waits 50 ms for a permit. */
function fullLimitBehindAWait(bound: TimeoutOptions = { total: 1_000 }, inside = 1) {
  const clock = new VirtualClock();
  const slots = concurrencyLimit(0);
  const shed = loadShed({ wait: 50, clock });
  const service = new ServiceBuilder()
    .layer(shed)
    .layer(timeout({ ...bound, clock }))
    .layer(slots)
    .layer(timeout({ call: 100, clock }))
    .layer(concurrencyLimit(inside))
    .serviceFn(async (name: string) => name);
  return { clock, slots, shed, service };
}

describe("loadShed with a wait, outside of a timeout", () => {
  test("a caller whose wait is over is refused, although the timeout knows its end as a deadline", async () => {
    const { clock, slots, shed, service } = fullLimitBehindAWait();
    const calls = [outcomeOf(service.call("a")), outcomeOf(service.call("b", { deadline: 60 }))];
    await clock.advance(50);
    expect(await Promise.all(calls)).toEqual(Array(2).fill("OverloadedError by concurrencyLimit"));
    expect(shed).toMatchObject({ refused: 2, waiting: 0 });
    expect(slots.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("it is, where the timer of the timeout is a little early, and where it is asked when the wait is over", async () => {
    const early = fullLimitBehindAWait();
    const call = outcomeOf(early.service.call("a"));
    early.clock.jump(-0.5);
    await early.clock.advance(50);
    expect(await call).toBe("OverloadedError by concurrencyLimit");

    const late = fullLimitBehindAWait({ total: 1_000 }, 0);
    const other = outcomeOf(late.service.call("a"));
    late.clock.jump(51);
    late.slots.max = 1;
    await late.clock.advance(0);
    expect(await other).toBe("OverloadedError by concurrencyLimit");
    expect([early.shed.refused, late.shed.refused]).toEqual([1, 1]);
  });

  test("a timeout that is shorter than the wait, and the caller's own deadline, stay timeouts", async () => {
    const shorter = fullLimitBehindAWait({ ready: 20 });
    const first = outcomeOf(shorter.service.call("a"));
    await shorter.clock.advance(20);
    expect(await first).toBe("TimeoutError by undefined");

    const { clock, shed, service } = fullLimitBehindAWait();
    const second = outcomeOf(service.call("a", { deadline: 50 }));
    await clock.advance(50);
    expect(await second).toBe("TimeoutError by undefined");
    expect([shorter.shed.refused, shed.refused]).toEqual([0, 0]);
  });

  test("a caller's own abort by a timeout is an abort, also at the end of the wait", async () => {
    const { clock, shed, service } = fullLimitBehindAWait();
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    const reason = new DOMException("Given up", "TimeoutError");
    clock.setTimeout(() => caller.abort(reason), 50);
    await expect(Promise.all([call, clock.advance(50)])).rejects.toBe(reason);
    expect(shed).toMatchObject({ refused: 0, waiting: 0 });
  });
});
