import { describe, expect, test } from "vitest";
import { circuitBreaker, CircuitOpenError } from "../src/index.ts";
import { down, opened, readyToProbe, setUp } from "./helper/set-up.ts";

/* What users of other breakers have reported. Each test is named by what they saw. */

describe("the half-open state that hangs", () => {
  // resilience4j #544, #903; opossum #388.
  test("the probe never settled, and every later call was refused for days", async () => {
    const { breaker, clock, service, begin, succeed } = await readyToProbe();
    await begin();
    await clock.advance(3_600_000);
    await expect(service.call("x")).rejects.toThrow(CircuitOpenError);
    await clock.advance(1_000);
    await succeed();
    expect(breaker.state).toBe("closed");
  });

  // resilience4j #935, #1389.
  test("the probes ended with errors that were filtered out, and their places were never free again", async () => {
    const { breaker, fail, succeed } = await readyToProbe({
      probes: 2,
      classify: (outcome) => (outcome.status === "rejected" && outcome.reason !== down ? "ignore" : undefined),
    });
    await fail(10, new Error("not found"));
    expect(breaker).toMatchObject({ state: "half-open", active: 0 });
    await succeed(2);
    expect(breaker.state).toBe("closed");
  });

  test("the caller of the probe gave up, and its place was never free again", async () => {
    const { breaker, service, begin, succeed } = await readyToProbe();
    const controller = new AbortController();
    const probe = await begin(controller.signal);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    controller.abort("enough");
    await probe.fail("enough");
    await succeed();
    expect(breaker.state).toBe("closed");
  });

  test("the caller of the probe gave up in the line of a limit further in", async () => {
    const { breaker, handle, service, succeed } = await readyToProbe();
    handle.allow(0);
    const controller = new AbortController();
    const waiting = service.call("x", { signal: controller.signal });
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    handle.allow(Infinity);
    await succeed();
    expect(breaker.state).toBe("closed");
  });

  test("the probe was refused by a full limit further in, which is no failure of the service", async () => {
    const { breaker, handle, service } = await readyToProbe();
    handle.allow(0);
    for (let nth = 0; nth < 10; nth++) expect(service.tryReady("x")).toBeUndefined();
    expect(breaker).toMatchObject({ state: "half-open", active: 0 });
  });
});

test("a probe that the caller aborts opened the circuit again, although the service had not failed", async () => {
  const { breaker, begin } = await readyToProbe();
  const controller = new AbortController();
  const probe = await begin(controller.signal);
  controller.abort();
  await probe.fail(controller.signal.reason);
  expect(breaker).toMatchObject({ state: "half-open", opened: 1 });
});

describe("an open circuit holds no timer that keeps the process alive", () => {
  test("on a clock of the test", async () => {
    const { clock, service } = await opened();
    await service.call("x").catch(() => {});
    expect(clock.pending).toBe(0);
  });

  test("on the system's clock", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const breakers = Array.from({ length: 100 }, () => circuitBreaker({ slowCall: 5 }));
    for (const breaker of breakers) breaker.open();
    expect(timers() - before).toBeLessThan(100);
  });
});

// Polly #223.
test("calls that were under way when it opened decided about the state of later", async () => {
  const { breaker, clock, begin, fail, succeed } = setUp({ consecutive: 2, breakFor: 1_000 });
  const slow = [await begin(), await begin(), await begin()];
  await fail(2);
  await clock.advance(1_000);
  await succeed();
  for (const call of slow) await call.fail();
  expect(breaker).toMatchObject({ state: "closed", failures: 0 });
});

// resilience4j #1597.
test("calls that hung did not count as slow before they had ended, so that all callers went and hung too", async () => {
  const { breaker, clock, handle, service, begin } = setUp({ slowCall: 1_000, minimumCalls: 5 });
  for (let nth = 0; nth < 5; nth++) await begin();
  await clock.advance(1_000);
  await expect(service.call("x")).rejects.toThrow(CircuitOpenError);
  expect([breaker.state, handle.active]).toEqual(["open", 5]);
});

// opossum #217.
test("one first call that failed was 100 % of all calls, and opened it", async () => {
  const { breaker, fail } = setUp();
  await fail();
  expect(breaker.state).toBe("closed");
});

// opossum #613, cockatiel #73.
test("one good answer of a service that mostly fails closed it", async () => {
  const { breaker, succeed, fail } = await readyToProbe({ probes: 3 });
  await succeed(2);
  await fail();
  expect(breaker.state).toBe("open");
});

// With a retry outside, the request ends with the refusal.
test("the failure that had opened it was lost, and all that was logged was that the circuit is open", async () => {
  const { service } = await opened();
  await expect(service.call("x")).rejects.toMatchObject({ cause: down });
});
