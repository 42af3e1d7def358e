import { describe, expect, test } from "vitest";
import { endingOf } from "../src/load/client.ts";
import { Counter, sliceMs } from "../src/load/tally.ts";
import { Histogram } from "../src/report/histogram.ts";

describe("how a request ended", () => {
  test.each([
    [200, '{"id":"7"}', "good"],
    [200, '{"id":"7","estimated":true}', "estimated"],
    [200, '{"id":"8"}', "failed"],
    [200, '{"id":"8","estimated":true}', "failed"],
    [200, "not json", "failed"],
    [429, "", "refused"],
    [503, "", "refused"],
    [504, "", "timedOut"],
    [502, "", "failed"],
    [404, "", "failed"],
  ])("%i with %s is %s", (status, body, ending) => {
    expect(endingOf(status, body, "7")).toBe(ending);
  });
});

describe("a counter", () => {
  test("counts each ending, and offers that have not ended", () => {
    const counter = new Counter();
    counter.offer(0)("good", 10);
    counter.offer(0)("estimated", 1);
    counter.offer(0)("refused", 1);
    counter.offer(0)("timedOut", 1000);
    counter.offer(0)("failed", 1);
    counter.offer(0);
    expect(counter.tally()).toMatchObject({ offered: 6, good: 1, estimated: 1, refused: 1, timedOut: 1, failed: 1 });
  });

  test("counts what is important among the others, and a greedy client apart from all", () => {
    const counter = new Counter();
    counter.offer(0, "important")("good", 1);
    counter.offer(0, "important")("refused", 1);
    counter.offer(0)("good", 1);
    counter.offer(0, "important");
    counter.offer(0, "greedy");
    counter.offer(0, "greedy")("good", 1);
    counter.offer(0, "greedy")("refused", 1);
    expect(counter.tally()).toMatchObject({
      offered: 4,
      good: 2,
      refused: 1,
      important: { offered: 3, ended: 2, good: 1 },
      greedy: { offered: 3, ended: 2, good: 1 },
    });
  });

  test("takes no latency from those that were refused or failed", () => {
    const counter = new Counter();
    counter.offer(0)("refused", 1);
    counter.offer(0)("failed", 1);
    expect(counter.tally().latencies).toEqual([]);
    counter.offer(0)("good", 10);
    counter.offer(0)("timedOut", 1000);
    expect(new Histogram(counter.tally().latencies).count).toBe(2);
  });

  test("counts what was good in the slice in which it was offered, however late it came", () => {
    const counter = new Counter();
    const ended = counter.offer(sliceMs - 1);
    counter.offer(sliceMs);
    ended("good", 900);
    expect(counter.tally().slices).toEqual([
      { offered: 1, good: 1 },
      { offered: 1, good: 0 },
    ]);
  });
});
