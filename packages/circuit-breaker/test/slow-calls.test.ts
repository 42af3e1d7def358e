import { describe, expect, test } from "vitest";
import { CircuitOpenError } from "../src/index.ts";
import { readyToProbe, setUp } from "./helper/set-up.ts";

describe("promise 4: slow calls", () => {
  test("a call in flight counts as slow once `slowCall` is over, for everybody who asks, once and without a timer", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100, minimumCalls: 3 });
    const calls = [await begin(), await begin()];
    await clock.advance(99);
    expect(breaker).toMatchObject({ calls: 0, slow: 0 });
    await clock.advance(1);
    expect(breaker).toMatchObject({ calls: 2, slow: 2 });
    expect(clock.pending).toBe(0);
    for (const call of calls) await call.respond();
    expect(breaker).toMatchObject({ state: "closed", calls: 2, slow: 2, failures: 0 });
  });

  test("it opens for the next who asks, while all of them are in flight", async () => {
    const { breaker, clock, service, begin } = setUp({ slowCall: 100, minimumCalls: 3 });
    for (let nth = 0; nth < 3; nth++) await begin();
    await clock.advance(100);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
  });

  test("looking at the counters does not keep it from opening", async () => {
    const { breaker, clock, service, begin } = setUp({ slowCall: 100, minimumCalls: 3 });
    for (let nth = 0; nth < 3; nth++) await begin();
    await clock.advance(100);
    expect(breaker.slow).toBe(3);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
  });

  test("it opens at the slow share that was asked for, and not below", async () => {
    const { breaker, clock, begin, succeed } = setUp({ slowCall: 100, slowRatio: 0.5, window: { calls: 4 } });
    await succeed(3);
    const slow = [await begin(), await begin()];
    await clock.advance(100);
    await slow[0]?.respond();
    // Of the last four: two good ones, and the two in flight were counted together.
    expect(breaker).toMatchObject({ state: "open" });
  });

  test("one that also fails counts once, as both", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100 });
    const call = await begin();
    await clock.advance(150);
    expect(breaker).toMatchObject({ calls: 1, slow: 1, failures: 0 });
    await call.fail();
    expect(breaker).toMatchObject({ calls: 1, slow: 1, failures: 1 });
  });

  test("one that fails when the window has forgotten that it was slow counts anew", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100, window: { time: 1_000 } });
    const call = await begin();
    await clock.advance(150);
    expect(breaker.slow).toBe(1);
    await clock.advance(2_000);
    expect(breaker.slow).toBe(0);
    await call.fail();
    expect(breaker).toMatchObject({ calls: 1, slow: 1, failures: 1 });
  });

  test("in a window of calls, too, as long as it holds them", async () => {
    const { breaker, clock, begin, succeed } = setUp({ slowCall: 100, window: { calls: 3 }, failureRatio: 1 });
    const [one, other] = [await begin(), await begin()];
    await clock.advance(100);
    expect(breaker).toMatchObject({ calls: 2, slow: 2 });
    await one.fail();
    expect(breaker).toMatchObject({ calls: 2, slow: 2, failures: 1 });
    await succeed(3);
    expect(breaker).toMatchObject({ calls: 3, slow: 0, failures: 0 });
    await other.fail();
    expect(breaker).toMatchObject({ calls: 3, slow: 1, failures: 1 });
  });

  test("one that ends well when the window has forgotten that it was slow is not counted again", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100, window: { time: 1_000 } });
    const call = await begin();
    await clock.advance(150);
    expect(breaker.slow).toBe(1);
    await clock.advance(2_000);
    await call.respond();
    expect(breaker).toMatchObject({ calls: 0, slow: 0 });
  });

  test("it opens at a fast call, where that is the one that makes it enough", async () => {
    const { breaker, clock, begin, succeed } = setUp({ slowCall: 100, slowRatio: 0.5, minimumCalls: 4 });
    for (let nth = 0; nth < 2; nth++) {
      const slow = await begin();
      await clock.advance(100);
      await slow.respond();
    }
    await succeed();
    expect(breaker.state).toBe("closed");
    await succeed();
    expect(breaker.state).toBe("open");
  });

  test("one that nobody asked about for long has aged out by then", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100, window: { time: 1_000 } });
    await begin();
    await clock.advance(5_000);
    expect(breaker).toMatchObject({ calls: 0, slow: 0 });
  });

  test("one whose caller gave up counts as slow where it was so by then, and as nothing else", async () => {
    const { breaker, clock, begin } = setUp({ slowCall: 100, minimumCalls: 2 });
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const calls = [];
    for (const { signal } of controllers) calls.push(await begin(signal));
    controllers[0]?.abort();
    await calls[0]?.fail();
    expect(breaker).toMatchObject({ calls: 0, failures: 0, slow: 0 });
    await clock.advance(100);
    for (const nth of [1, 2]) {
      controllers[nth]?.abort();
      await calls[nth]?.fail();
    }
    expect(breaker).toMatchObject({ state: "open" });
  });

  test("looking at the counters does not keep a slow probe from having failed", async () => {
    const { breaker, clock, service, begin } = await readyToProbe({ slowCall: 100 });
    await begin();
    await clock.advance(100);
    expect(breaker).toMatchObject({ state: "half-open", calls: 0, slow: 0 });
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
  });

  test("neither does another probe that ends well", async () => {
    const { breaker, clock, service, begin } = await readyToProbe({ slowCall: 100, probes: 3 });
    await begin();
    await clock.advance(50);
    const fast = await begin();
    await clock.advance(70);
    await fast.respond();
    expect(breaker.state).toBe("half-open");
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
  });

  test("a slow probe has failed: at its end, and for whoever asks while it is in flight", async () => {
    const { breaker, clock, service, begin } = await readyToProbe({ slowCall: 100 });
    const probe = await begin();
    await clock.advance(99);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("half-open");
    await clock.advance(1);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker).toMatchObject({ state: "open", retryAfter: 1_000 });
    await probe.respond();
    expect(breaker.state).toBe("open");
    await clock.advance(1_000);
    const another = await begin();
    await clock.advance(100);
    await another.respond();
    expect(breaker).toMatchObject({ state: "open", retryAfter: 1_000 });
  });
});
