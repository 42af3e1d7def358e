import { OverloadedError, serviceFn } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { circuitBreaker, CircuitOpenError, isCircuitOpenError } from "../src/index.ts";
import { down, readyToProbe, setUp } from "./helper/set-up.ts";

const draws = { seed: 20_261_128, numRuns: 200 };

describe("when it is half-open", () => {
  test("promise 1: at most `probes` places are taken, by permits called and uncalled together", async () => {
    const { service, handle, breaker } = await readyToProbe({ probes: 3 });
    const called = service.call("a");
    const [b, c] = [service.tryReady("b"), service.tryReady("c")];
    expect(() => service.tryReady("d")).toThrow(CircuitOpenError);
    expect(breaker.active).toBe(3);
    (await handle.nextRequest()).respond("ok");
    await called;
    // One has succeeded: two more are needed, and two are held.
    expect(() => service.tryReady("d")).toThrow(CircuitOpenError);
    b?.release();
    const d = service.tryReady("d");
    expect(d).toBeDefined();
    expect(() => service.tryReady("e")).toThrow(CircuitOpenError);
    c?.release();
    d?.release();
  });

  test("it closes when so many have succeeded, and not before", async () => {
    const { breaker, succeed } = await readyToProbe({ probes: 3 });
    await succeed(2);
    expect(breaker.state).toBe("half-open");
    await succeed();
    expect(breaker).toMatchObject({ state: "closed", calls: 0, failures: 0 });
  });

  test("it opens at the first probe that fails, for a whole break, and says what that probe failed with", async () => {
    const { breaker, service, succeed, fail } = await readyToProbe({ probes: 3 });
    const worse = new Error("worse");
    await succeed(2);
    await fail(1, worse);
    expect(breaker).toMatchObject({ state: "open", retryAfter: 1_000, opened: 2 });
    await expect(service.call("x")).rejects.toMatchObject({ cause: worse });
  });

  test("promise 2: a probe's place is free again when its permit is released, in the same turn", async () => {
    const { service } = await readyToProbe();
    service.tryReady("a")?.release();
    expect(service.tryReady("b")).toBeDefined();
  });

  test("promise 2: … when its caller gives up waiting further in", async () => {
    const { service, handle } = await readyToProbe();
    handle.allow(0);
    const controller = new AbortController();
    const waiting = service.ready({ request: "a", signal: controller.signal }).catch((reason: unknown) => reason);
    expect(() => service.tryReady("b")).toThrow(CircuitOpenError);
    controller.abort("enough");
    expect(await waiting).toBe("enough");
    handle.allow(1);
    expect(service.tryReady("b")).toBeDefined();
  });

  test("promise 2: … when a layer further in refuses, or throws", async () => {
    const { service, handle } = await readyToProbe();
    handle.allow(0);
    expect(service.tryReady("a")).toBeUndefined();
    handle.sendFailure(down);
    expect(() => service.tryReady("b")).toThrow(down);
    handle.allow(1);
    expect(service.tryReady("c")).toBeDefined();
  });

  test("promise 2: … when its outcome is ignored, in the turn of the answer", async () => {
    const { breaker, service, begin } = await readyToProbe();
    const probe = await begin();
    await probe.fail(new OverloadedError("somebody further in"));
    expect(breaker.state).toBe("half-open");
    expect(service.tryReady("b")).toBeDefined();
  });

  test("what a call that waited inside takes is one place, though a gate is asked twice for it", async () => {
    const { breaker, service, handle } = await readyToProbe({ probes: 2 });
    handle.allow(0);
    const waiting = service.call("a");
    expect(breaker.active).toBe(1);
    handle.allow(Infinity);
    (await handle.nextRequest()).respond("ok");
    await waiting;
    expect(breaker.active).toBe(0);
  });
});

describe("promise 3: calls from another state change nothing", () => {
  test("failures of calls that began before it opened do not open it once it has closed", async () => {
    const { breaker, clock, begin, fail, succeed } = setUp({ consecutive: 1, breakFor: 1_000 });
    const old = await begin();
    await fail();
    await clock.advance(1_000);
    await succeed();
    expect(breaker.state).toBe("closed");
    await old.fail();
    expect(breaker).toMatchObject({ state: "closed", calls: 0, failures: 0 });
  });

  test("neither does their success close it, nor their failure take a probe's place", async () => {
    const { breaker, clock, service, begin, fail } = setUp({ consecutive: 1, breakFor: 1_000, probes: 1 });
    const [good, bad] = [await begin(), await begin()];
    await fail();
    await clock.advance(1_000);
    const probe = await begin();
    await good.respond();
    await bad.fail();
    expect(breaker).toMatchObject({ state: "half-open", active: 1 });
    // Nor does their end free one.
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    await probe.respond();
    expect(breaker.state).toBe("closed");
  });

  test("a permit that was reserved before it opened, and is called afterwards, is none of the probes", async () => {
    const { breaker, clock, service, handle, fail } = setUp({ consecutive: 1, breakFor: 1_000 });
    const old = service.tryReady("old");
    await fail();
    await clock.advance(1_000);
    const probe = service.tryReady("probe");
    const late = old?.call("old").catch((reason: unknown) => reason);
    (await handle.nextRequest()).fail(down);
    await late;
    expect(breaker.state).toBe("half-open");
    probe?.release();
  });
});

describe("promise 9: it never hangs half-open", () => {
  test("a probe that never settles has failed after a whole break, at the next question and without a timer", async () => {
    const { breaker, clock, service, handle, begin } = await readyToProbe();
    const hung = await begin();
    await clock.advance(999);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("half-open");
    await clock.advance(1);
    expect([breaker.state, clock.pending]).toEqual(["half-open", 0]);
    expect(() => service.tryReady("x")).toThrow(expect.objectContaining({ retryAfter: 1_000, cause: down }) as Error);
    expect(breaker.state).toBe("open");
    await clock.advance(1_000);
    const answer = service.call("again");
    (await handle.nextRequest()).respond("back");
    expect(await answer).toBe("back");
    expect(breaker.state).toBe("closed");
    await hung.fail();
    expect(breaker).toMatchObject({ state: "closed", failures: 0, active: 0 });
  });

  test("a probe whose permit is never spent has, too; the permit stays good, and changes nothing", async () => {
    const { breaker, clock, service, handle } = await readyToProbe();
    const idle = service.tryReady("idle");
    await clock.advance(1_000);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
    const answer = idle?.call("idle");
    (await handle.nextRequest()).respond("good");
    expect(await answer).toBe("good");
    expect(breaker.state).toBe("open");
  });

  test("a permit that is called late has a whole break from then", async () => {
    const { breaker, clock, service, handle } = await readyToProbe();
    const permit = service.tryReady("a");
    await clock.advance(900);
    const answer = permit?.call("a");
    await clock.advance(900);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("half-open");
    (await handle.nextRequest()).respond("ok");
    await answer;
    expect(breaker.state).toBe("closed");
  });

  test("a probe that answers later than that closes it, where nobody has asked meanwhile", async () => {
    const { breaker, clock, begin } = await readyToProbe();
    const probe = await begin();
    await clock.advance(5_000);
    await probe.respond();
    expect(breaker.state).toBe("closed");
  });

  test("whatever became of probes, somebody is let in two breaks later at the most, and the circuit closes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("fail", "refuse", "left", "hang", "hold", "release", "good"), { maxLength: 12 }),
        fc.integer({ min: 1, max: 3 }),
        async (fates, probes) => {
          const clock = new VirtualClock();
          const breaker = circuitBreaker<string>({ consecutive: 1, breakFor: 1_000, probes, clock });
          const ends: Readonly<Record<string, () => Promise<string>>> = {
            fail: () => Promise.reject(down),
            refuse: () => Promise.reject(new OverloadedError()),
            left: () => Promise.reject(down),
            hang: () => new Promise(() => {}),
          };
          const service = breaker.wrap(serviceFn((fate: string) => ends[fate]?.() ?? Promise.resolve("ok")));
          await service.call("fail").catch(() => {});
          await clock.advance(1_000);
          for (const fate of fates) {
            try {
              const permit = service.tryReady(fate);
              if (fate === "release") permit?.release();
              else if (fate !== "hold") {
                const controller = new AbortController();
                permit?.call(fate, { signal: controller.signal }).catch(() => {});
                if (fate === "left") controller.abort();
              }
            } catch (error) {
              if (!isCircuitOpenError(error)) throw error;
            }
            await clock.advance(300);
          }
          await clock.advance(1_000);
          // A question, which finds a probe that nothing was heard of.
          await service.call("good").catch(() => {});
          await clock.advance(1_000);
          for (let nth = 0; nth < probes; nth++) expect(await service.call("good")).toBe("ok");
          expect(breaker.state).toBe("closed");
        },
      ),
      draws,
    );
  });
});
