import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { CircuitOpenError } from "../src/index.ts";
import { setUp } from "./helper/set-up.ts";

describe("breakFor as a backoff", () => {
  const doubling = {
    next(length: unknown = 100) {
      return { delay: length as number, state: (length as number) * 2 };
    },
  };

  test("each break without recovery is longer, and after a recovery the first one is short again", async () => {
    const { breaker, clock, fail, succeed } = setUp({ consecutive: 1, breakFor: doubling });
    const breaks = [];
    for (let nth = 0; nth < 4; nth++) {
      await fail();
      breaks.push(breaker.retryAfter);
      await clock.advance(breaker.retryAfter!);
    }
    expect(breaks).toEqual([100, 200, 400, 800]);
    await succeed();
    await fail();
    expect(breaker.retryAfter).toBe(100);
  });

  test("the patience with a probe is the longest break so far", async () => {
    const lengths = [300, 50];
    const { breaker, clock, service, fail, begin } = setUp({
      consecutive: 1,
      breakFor: { next: (nth: unknown = 0) => ({ delay: lengths[nth as number] ?? 50, state: (nth as number) + 1 }) },
    });
    await fail();
    await clock.advance(300);
    await fail();
    await clock.advance(50);
    await begin();
    await clock.advance(299);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("half-open");
    await clock.advance(1);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
  });

  test.each([10, 60_000])(
    "the patience with a probe is that of breakFor, also where it was opened by hand for %d ms",
    async (ms) => {
      const { breaker, clock, service, begin } = setUp({ breakFor: 1_000 });
      breaker.open(ms);
      await clock.advance(ms);
      await begin();
      await clock.advance(999);
      expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
      expect(breaker.state).toBe("half-open");
      await clock.advance(1);
      expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
      expect(breaker.state).toBe("open");
    },
  );

  test("after a recovery the patience is no longer that of an earlier, longer break", async () => {
    const lengths = [300, 50];
    const { breaker, clock, service, fail, succeed, begin } = setUp({
      consecutive: 1,
      breakFor: { next: () => ({ delay: lengths.shift() ?? 50, state: 0 }) },
    });
    await fail();
    await clock.advance(300);
    await succeed();
    await fail();
    await clock.advance(50);
    await begin();
    await clock.advance(50);
    expect(() => service.tryReady("x")).toThrow(CircuitOpenError);
    expect(breaker.state).toBe("open");
  });

  test.each([
    [
      "throws",
      (): never => {
        throw new Error("no backoff");
      },
    ],
    ["answers with nothing", () => undefined],
    ["answers with NaN", () => ({ delay: Number.NaN, state: 0 })],
    ["answers with more than a timer", () => ({ delay: 2 ** 31, state: 0 })],
    ["answers with less than 0", () => ({ delay: -1, state: 0 })],
    ["answers with text", () => ({ delay: "100", state: 0 })],
  ])("where it %s, that is reported, and the break is 5,000 ms", async (_name, next) => {
    const reported = await unhandledIn(async () => {
      const { breaker, fail, clock } = setUp({ consecutive: 1, breakFor: { next: next as never } });
      await fail();
      expect(breaker).toMatchObject({ state: "open", retryAfter: 5_000 });
      await clock.advance(5_000);
      await fail();
      expect(breaker).toMatchObject({ state: "open", retryAfter: 5_000 });
    });
    expect(reported).toHaveLength(2);
  });

  test("where it fails later, the break is as long as the longest before", async () => {
    const lengths = [300, 50];
    const [reported] = await unhandledIn(async () => {
      const { breaker, fail, clock } = setUp({
        consecutive: 1,
        breakFor: { next: (nth: unknown = 0) => ({ delay: lengths[nth as number] as number, state: Number(nth) + 1 }) },
      });
      for (const length of lengths) {
        await fail();
        await clock.advance(length);
      }
      await fail();
      expect(breaker).toMatchObject({ state: "open", retryAfter: 300 });
    });
    expect(String(reported)).toBe(
      "RangeError: circuitBreaker: breakFor.next must give a delay of 0 to 2147483647 ms; received undefined",
    );
  });

  test("a break may be as long as a timer can be", async () => {
    const { breaker, fail } = setUp({ consecutive: 1, breakFor: { next: () => ({ delay: 2 ** 31 - 1, state: 0 }) } });
    await fail();
    expect(breaker.retryAfter).toBe(2 ** 31 - 1);
  });

  test("a break of 0 is one of 1 ms: a circuit that opens is open", async () => {
    const { breaker, fail, service } = setUp({ consecutive: 1, breakFor: { next: () => ({ delay: 0, state: 0 }) } });
    await fail();
    expect(breaker.retryAfter).toBe(1);
    await expect(service.call("x")).rejects.toThrow(CircuitOpenError);
  });
});
