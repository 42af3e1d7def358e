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

  test("a break of 0 is one of 1 ms: a circuit that opens is open", async () => {
    const { breaker, fail, service } = setUp({ consecutive: 1, breakFor: { next: () => ({ delay: 0, state: 0 }) } });
    await fail();
    expect(breaker.retryAfter).toBe(1);
    await expect(service.call("x")).rejects.toThrow(CircuitOpenError);
  });
});
