import { describe, expect, test } from "vitest";
import { circuitBreaker } from "../src/index.ts";
import { setUp } from "./helper/set-up.ts";

describe("promise 10: options that would never let it close, or never open, are refused", () => {
  test.each([
    [{ probes: 0 }, "probes"],
    [{ probes: Infinity }, "probes"],
    [{ breakFor: Infinity }, "breakFor"],
    [{ breakFor: 0 }, "breakFor"],
    [{ failureRatio: 0 }, "failureRatio"],
    [{ slowCall: 0 }, "slowCall"],
    [{ window: { calls: 10 }, minimumCalls: 11 }, "minimumCalls"],
    [{ window: { time: 0 } }, "window.time"],
    [{ window: { time: 1_000, buckets: 0 } }, "window.buckets"],
    [{ window: { time: 1_000, buckets: 1_001 } }, "window.buckets"],
    [{ window: { time: 1_000, buckets: 2.5 } }, "window.buckets"],
    [{ window: { calls: 0 } }, "window.calls"],
    [{ window: { calls: 10_001 } }, "window.calls"],
    [{ window: { calls: 2.5 } }, "window.calls"],
    [{ consecutive: 0 }, "consecutive"],
    [{ consecutive: 2.5 }, "consecutive"],
    [{ slowCall: 5, slowRatio: 0 }, "slowRatio"],
    [{ slowCall: 5, slowRatio: 1.1 }, "slowRatio"],
    [{ whenOpen: "close" }, 'whenOpen must be one of "refuse", "wait"'],
  ])("%o", (options, option) => {
    expect(() => circuitBreaker(options as never)).toThrow(
      expect.objectContaining({
        name: "RangeError",
        message: expect.stringMatching(`^circuitBreaker: ${option}.*received`) as string,
      }) as Error,
    );
  });

  test("a window of fewer calls than the default minimum counts when it is full", async () => {
    const { breaker, fail } = setUp({ window: { calls: 3 } });
    await fail(2);
    expect(breaker.state).toBe("closed");
    await fail();
    expect(breaker.state).toBe("open");
  });

  test.each([
    [{ window: { time: 1_000, buckets: 1 } }],
    [{ window: { time: 1_000, buckets: 1_000 } }],
    [{ window: { calls: 1 } }],
    [{ window: { calls: 10_000 }, minimumCalls: 10_000 }],
    [{ failureRatio: 1 }],
    [{ slowCall: 5, slowRatio: 1 }],
    [{ consecutive: 1 }],
    [{ consecutive: Infinity }],
  ])("%o is at the edge of what there may be", (options) => {
    expect(circuitBreaker(options).state).toBe("closed");
  });

  test.each([
    [{ slowRatio: 0.5 }, "slowRatio must go with slowCall"],
    [{ window: {} }, "window must have time or calls; received an object"],
    [{ window: { time: 5, calls: 5 } }, "window.time must not go with window.calls; received 5"],
    [{ window: { calls: 5, buckets: 5 } }, "window.buckets must not go with window.calls; received 5"],
    [{ window: { span: 5 } }, "circuitBreaker: window: span is not an option"],
    [{ window: null }, "window must be an object with time (ms) or calls; received null"],
    [{ breakFor: "5" }, 'breakFor must be a number of milliseconds or a backoff (with next); received "5"'],
    [{ breakFor: {} }, "breakFor must be a number of milliseconds or a backoff (with next); received an object"],
    [{ classify: "success" }, "classify must be a function"],
    [{ onChange: "log" }, "onChange must be a function"],
    [{ clock: {} }, "clock must be a clock"],
    [{ label: "" }, "label must be a non-empty string"],
    [{ window: 10_000 }, "window must be an object with time (ms) or calls; received 10000"],
    [{ treshold: 5 }, "treshold is not an option"],
  ])("%o is a mistake, and is said to be one", (options, message) => {
    expect(() => circuitBreaker(options as never)).toThrow(TypeError);
    expect(() => circuitBreaker(options as never)).toThrow(message);
  });
});
