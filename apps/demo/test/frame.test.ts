import { describe, expect, test } from "vitest";
import type { GatewayMetrics } from "../src/gateway/metrics.ts";
import { frameOf, type Reading, type SideReading } from "../src/live/frame-of.ts";
import { Counter } from "../src/load/tally.ts";
import { byRoute, type RouteName } from "../src/routes.ts";

const conditions = { quote: { kind: "up" }, report: { kind: "up" }, fares: { kind: "up" } } as const;
const more = { times: 1, greedy: false, important: false, conditions };

const metrics: GatewayMetrics = {
  rss: 1,
  connections: { active: 2, waiting: 3, max: 64 },
  answers: {},
  meters: [],
  events: [],
  routes: byRoute(() => ({
    queued: 5,
    permits: 4,
    budget: null,
    limit: null,
    retries: 0,
    retriesDenied: 0,
    circuitOpened: 0,
    circuitRefused: 0,
  })),
};

/** A gateway whose clients have been answered so often, in so many ms. */
function side(good: number, ms: number, of: RouteName = "quote"): SideReading {
  const tallies = byRoute((route) => {
    const counter = new Counter({ slices: false });
    for (let each = 0; each < (route === of ? good : 0); each++) counter.offer(0)("good", ms);
    return counter.tally();
  });
  return { tallies, metrics, described: undefined, backends: byRoute(() => ({ active: 1, queued: 7 })) };
}

const reading = (at: number, layered: SideReading, heldUp = 1): Reading => ({ at, heldUp, layered, plain: layered });

describe("a frame", () => {
  test("has no rates where there is one reading", () => {
    const { layered, point } = frameOf([reading(0, side(100, 20))], more);
    expect(layered.flow).toEqual({ offered: 0, good: 0, estimated: 0, refused: 0, timedOut: 0, failed: 0 });
    expect(point.p99).toEqual({ layered: null, plain: null });
  });

  test("has the rates of the last second, and the quantiles of the last two", () => {
    const readings = [
      reading(0, side(0, 1)),
      reading(500, side(10, 10)),
      reading(1000, side(20, 10)),
      reading(1500, side(40, 10)),
      reading(2000, side(60, 10)),
    ];
    const { layered } = frameOf(readings, more);
    expect(layered.flow.good).toBe(40);
    expect(layered.routes.quote.flow.good).toBe(40);
    expect(layered.routes.report.flow.good).toBe(0);
    // A bucket ends 4 % above its beginning.
    expect(layered.p50).toBeGreaterThanOrEqual(10);
    expect(layered.p50).toBeLessThan(10.5);
  });

  test("goes by the time that has passed, when readings come late", () => {
    const { layered } = frameOf([reading(0, side(0, 1)), reading(1200, side(60, 1))], more);
    expect(layered.flow.good).toBeCloseTo(50);
  });

  test("has the rates of a class over the last two seconds, with those that have not ended apart", () => {
    const before = side(0, 1);
    const tallies = byRoute(() => {
      const counter = new Counter({ slices: false });
      counter.offer(0, "important")("good", 1);
      counter.offer(0, "important");
      for (let each = 0; each < 4; each++) counter.offer(0, "greedy")("refused", 1);
      return counter.tally();
    });
    const { layered } = frameOf(
      [reading(0, before), reading(1000, before), reading(2000, { ...before, tallies })],
      more,
    );
    expect(layered.routes.quote.important).toEqual({ offered: 1, ended: 0.5, good: 0.5 });
    expect(layered.routes.report.greedy).toEqual({ offered: 2, ended: 2, good: 0 });
    // Of the greedy client nothing is in the other figures.
    expect(layered.routes.report.flow.offered).toBe(2);
  });

  test("leaves a route out of the sums that has no load", () => {
    const { layered } = frameOf([reading(0, side(0, 1, "hash")), reading(1000, side(60, 1, "hash"))], more);
    expect(layered.flow.good).toBe(0);
  });

  test("says for how long the load was held up at most", () => {
    const readings = [reading(0, side(0, 1), 300), reading(500, side(0, 1), 40)];
    expect(frameOf(readings, more).heldUp).toBe(300);
  });

  test("counts who waits in the gateway and in its backends", () => {
    const { point } = frameOf([reading(0, side(0, 1))], more);
    expect(point.waiting).toEqual({ layered: 3 * (5 + 7), plain: 3 * (5 + 7) });
  });
});
