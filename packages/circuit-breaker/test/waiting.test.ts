import { takeRefusal } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { CircuitBreaker, CircuitOpenError } from "../src/index.ts";
import { down, opened, readyToProbe, setUp } from "./helper/set-up.ts";

describe('with whenOpen: "wait"', () => {
  test("callers wait in line until the break is over; the first is the probe, and when it has succeeded all are let in", async () => {
    const { breaker, clock, service, handle } = await opened({ whenOpen: "wait" });
    expect(service.tryReady("x")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "circuitBreaker", reason: "circuit", retryAfter: 1_000 });
    const answers = ["a", "b", "c"].map((request) => service.call(request));
    expect([breaker.waiting, clock.pending]).toEqual([3, 1]);
    await clock.advance(1_000);
    const probe = await handle.nextRequest();
    expect([probe.request, breaker.state, breaker.waiting]).toEqual(["a", "half-open", 2]);
    probe.respond("A");
    await clock.advance(0);
    expect([breaker.state, breaker.waiting, clock.pending]).toEqual(["closed", 0, 0]);
    for (const letter of ["b", "c"]) {
      const { request, respond } = await handle.nextRequest();
      expect(request).toBe(letter);
      respond(letter.toUpperCase());
    }
    expect(await Promise.all(answers)).toEqual(["A", "B", "C"]);
  });

  test("where the probe fails they wait for another break; where it hangs, for the end of the patience with it", async () => {
    const { breaker, clock, service, handle } = await opened({ whenOpen: "wait" });
    const first = service.call("a").catch((reason: unknown) => reason);
    void service.call("b").catch(() => {});
    const third = service.call("c");
    await clock.advance(1_000);
    (await handle.nextRequest()).fail(down);
    expect(await first).toBe(down);
    expect(breaker).toMatchObject({ state: "open", waiting: 2, retryAfter: 1_000 });
    await clock.advance(1_000);
    // b is the probe, and hangs.
    expect((await handle.nextRequest()).request).toBe("b");
    await clock.advance(1_000);
    expect(breaker).toMatchObject({ state: "open", waiting: 1 });
    await clock.advance(1_000);
    (await handle.nextRequest()).respond("C");
    expect(await third).toBe("C");
    expect([breaker.state, clock.pending]).toEqual(["closed", 0]);
  });

  test("a probe that was held for a while, and is slow then, is found out by those who wait when it is slow", async () => {
    const { breaker, clock, service, handle } = await readyToProbe({ whenOpen: "wait", slowCall: 10 });
    const probe = service.tryReady("a");
    const waiting = service.ready();
    expect([breaker.state, breaker.waiting]).toEqual(["half-open", 1]);
    await clock.advance(500);
    const answer = probe?.call("a");
    await clock.advance(9);
    expect(breaker.state).toBe("half-open");
    await clock.advance(1);
    expect(breaker).toMatchObject({ state: "open", waiting: 1, retryAfter: 1_000 });
    (await handle.nextRequest()).respond("A");
    await answer;
    await clock.advance(1_000);
    (await waiting).release();
    expect(clock.pending).toBe(0);
  });

  test("a probe's place that is given back goes to the next in line in the same turn", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    const first = service.ready();
    const second = service.ready();
    await clock.advance(1_000);
    (await first).release();
    expect(breaker.waiting).toBe(0);
    (await second).release();
  });

  test("a caller who gives up leaves the line at once, and the last one takes the timer along", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    const controller = new AbortController();
    const waiting = service.call("a", { signal: controller.signal });
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    expect([breaker.waiting, clock.pending]).toEqual([0, 0]);
  });

  test("who has given up before is refused with the reason", async () => {
    const breaker = new CircuitBreaker({ whenOpen: "wait" });
    breaker.open();
    await expect(breaker.acquire({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
  });

  test("a deadline within the break is refused at once, one behind it waits", async () => {
    const { breaker, clock, service, handle } = await opened({ whenOpen: "wait" });
    await expect(service.call("a", { deadline: clock.now() + 999 })).rejects.toMatchObject({ retryAfter: 1_000 });
    const patient = service.call("b", { deadline: clock.now() + 1_000 });
    expect(breaker.waiting).toBe(1);
    // Also where somebody waits.
    await expect(service.call("c", { deadline: clock.now() + 999 })).rejects.toMatchObject({ retryAfter: 1_000 });
    expect(breaker.waiting).toBe(1);
    await clock.advance(1_000);
    (await handle.nextRequest()).respond("B");
    expect(await patient).toBe("B");
  });

  test("a deadline within the patience with a probe is none within a break: its caller may be next at any moment", async () => {
    const { breaker, clock, service } = await readyToProbe({ whenOpen: "wait" });
    const probe = service.tryReady("a");
    const waiting = service.ready({ request: "b", deadline: clock.now() + 500 });
    expect([breaker.state, breaker.waiting]).toEqual(["half-open", 1]);
    probe?.release();
    (await waiting).release();
  });

  test("who gives up when the break is over does not make it half-open: nobody is there to probe", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    const controller = new AbortController();
    const waiting = service.ready({ signal: controller.signal });
    // The timer has yet to fire.
    clock.jump(1_000);
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    expect([breaker.state, clock.pending]).toEqual(["open", 0]);
  });

  test("who comes to be the first and cannot have a probe by its deadline is refused then", async () => {
    const { breaker, clock, service, handle } = await opened({ whenOpen: "wait" });
    const probe = service.call("a").catch(() => {});
    const waiting = service.call("b", { deadline: clock.now() + 1_500 });
    await clock.advance(1_000);
    (await handle.nextRequest()).fail(down);
    await expect(waiting).rejects.toMatchObject({ code: "ERR_SLUICE_CIRCUIT_OPEN", retryAfter: 1_000 });
    await probe;
    expect([breaker.waiting, clock.pending]).toEqual([0, 0]);
  });

  test("whose deadline falls in a new break is refused when that begins, wherever it stands in line", async () => {
    const { breaker, clock, service, handle } = await opened({ whenOpen: "wait" });
    const probe = service.call("a").catch(() => {});
    const patient = service.call("b");
    const refused = ["c", "d"].map((request) => service.call(request, { deadline: clock.now() + 1_500 }));
    const late = service.call("e", { deadline: clock.now() + 2_000 });
    await clock.advance(1_000);
    (await handle.nextRequest()).fail(down);
    for (const answer of refused) await expect(answer).rejects.toMatchObject({ retryAfter: 1_000 });
    await probe;
    expect([breaker.waiting, clock.now()]).toEqual([2, 1_000]);
    // A longer one, by hand.
    breaker.open(1_001);
    await expect(late).rejects.toMatchObject({ retryAfter: 1_001 });
    await clock.advance(1_001);
    (await handle.nextRequest()).respond("B");
    expect(await patient).toBe("B");
    expect([breaker.waiting, clock.pending]).toEqual([0, 0]);
  });

  test("a deadline of the epoch is refused", async () => {
    const { service } = await opened({ whenOpen: "wait" });
    await expect(service.call("a", { deadline: Date.now() })).rejects.toThrow(
      /^circuitBreaker: deadline must be at most 2147483647 ms from now/,
    );
  });

  test("isolated, they wait without a timer, until it is closed", async () => {
    const { breaker, clock, service, handle } = setUp({ whenOpen: "wait" });
    breaker.isolate();
    const waiting = service.call("a");
    expect([breaker.waiting, clock.pending, breaker.retryAfter]).toEqual([1, 0, undefined]);
    breaker.close();
    (await handle.nextRequest()).respond("A");
    expect(await waiting).toBe("A");
  });

  test("isolated while they wait for the end of a break, they need no timer any more", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    const waiting = service.ready();
    expect(clock.pending).toBe(1);
    breaker.isolate();
    expect([breaker.waiting, clock.pending]).toEqual([1, 0]);
    breaker.close();
    (await waiting).release();
  });

  test("a newcomer does not overtake those who were let in when it closed", async () => {
    const { breaker, service } = setUp({ whenOpen: "wait" });
    breaker.isolate();
    const waiting = service.ready();
    breaker.close();
    expect(service.tryReady("newcomer")).toBeUndefined();
    (await waiting).release();
    service.tryReady("later")?.release();
  });
});

describe("a clock that is set back", () => {
  test("does not make a break longer", async () => {
    const { breaker, clock } = await opened();
    clock.jump(-10_000);
    expect(breaker.retryAfter).toBe(1_000);
  });

  test("does not move the deadlines of those who wait: they are times of that clock", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    clock.jump(-10_000);
    expect(breaker.retryAfter).toBe(1_000);
    await expect(service.call("a", { deadline: clock.now() + 999 })).rejects.toThrow(CircuitOpenError);
    await expect(service.call("a", { deadline: Date.now() })).rejects.toThrow(`it is now ${clock.now()};`);
    const patient = service.ready({ request: "b", deadline: clock.now() + 1_000 });
    await clock.advance(1_000);
    (await patient).release();
  });

  test("does not keep those who wait from giving up", async () => {
    const { breaker, clock, service } = await opened({ whenOpen: "wait" });
    clock.jump(-10_000);
    expect(breaker.retryAfter).toBe(1_000);
    const controller = new AbortController();
    const waiting = service.ready({ signal: controller.signal });
    expect(breaker.waiting).toBe(1);
    controller.abort("enough");
    expect(breaker.waiting).toBe(0);
    await expect(waiting).rejects.toBe("enough");
  });
});
