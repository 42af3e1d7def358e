import { describe, expect, test } from "vitest";
import type { Condition, DescribedLayer, Flow, Frame, SideFrame } from "../src/live/frame.ts";
import { byLiveRoute } from "../src/live/frame-of.ts";
import { count, duration, percent, short } from "../src/page/figures.ts";
import { layersOf, rowOf } from "../src/page/layer-row.ts";
import { wordsOf } from "../src/page/words.ts";

const none: Flow = { offered: 0, good: 0, estimated: 0, refused: 0, timedOut: 0, failed: 0 };
const up: Condition = { kind: "up" };

function sideOf(good: number, waiting = 0, refused = 0): SideFrame {
  const flow = { ...none, offered: 100, good, refused };
  const route = { flow, waiting, active: 1, budget: null, backend: { active: 1, queued: 0 }, described: null };
  return {
    flow,
    p50: 1,
    p99: 1,
    waiting,
    connections: { active: 1, waiting: 0, max: 64 },
    rss: 1,
    routes: byLiveRoute(() => route),
  };
}

function frame(layered: SideFrame, plain: SideFrame, more: Partial<Frame> = {}): Frame {
  const both = { layered: 0, plain: 0 };
  const point = { at: 0, offered: 100, good: both, waiting: both, p99: both, refused: both, lost: both };
  return { point, times: 0.6, heldUp: 3, events: [], conditions: byLiveRoute(() => up), layered, plain, ...more };
}

const said = (...args: Parameters<typeof frame>): string => Object.values(wordsOf(frame(...args))).join(" ");

describe("the page's words", () => {
  test("on a usual day say that both do", () => {
    expect(said(sideOf(100), sideOf(100))).toMatch(/usual day/);
  });

  test("before there is load say so", () => {
    const rests = { ...sideOf(0), flow: none };
    expect(said(rests, rests)).toMatch(/begins/);
    expect(said(rests, rests, { times: 0 })).toMatch(/no load/);
  });

  test("in a flood say what becomes of it, and of a refusal only where there is one", () => {
    const words = said(sideOf(33, 20, 67), sideOf(2, 1240), { times: 3 });
    expect(words).toMatch(
      /^3 times .*With layers, 33 of 100 .*refused at once\. Without, 2 of 100 .*1,240 requests wait/,
    );
    expect(said(sideOf(100), sideOf(100), { times: 1.5 })).not.toMatch(/refused/);
  });

  test("after a flood say that it is not over without layers", () => {
    expect(said(sideOf(100), sideOf(10, 900))).toMatch(/still busy .*900 requests wait/);
  });

  test("when a backend is in trouble tell of the other routes", () => {
    const conditions = { ...byLiveRoute(() => up), fares: { kind: "silent" as const, ms: 1 } };
    expect(said(sideOf(100), sideOf(40), { conditions })).toMatch(
      /fares is silent.*other routes are asked, 100 % .* with layers, 40 % without/,
    );
  });

  test("name each backend that is in trouble, also where that is all of them", () => {
    const conditions = {
      ...byLiveRoute((): Condition => ({ kind: "killed" })),
      quote: { kind: "slow" as const, factor: 5 },
    };
    const words = said(sideOf(10), sideOf(1), { conditions });
    expect(words).toMatch(/quote takes 5 times as long.*report is gone.*fares is gone.*With layers, 10 of 100/);
  });
});

describe("the page's words, on a machine that is busy", () => {
  test("say that it is", () => {
    expect(said(sideOf(100), sideOf(100))).not.toMatch(/busy/);
    expect(said(sideOf(100), sideOf(100), { heldUp: 850 })).toMatch(/machine is busy: .* 850 ms/);
    expect(said(sideOf(100), sideOf(100), { heldUp: 4000 })).toMatch(/over 1 s/);
  });
});

describe("the page's figures", () => {
  test("are short", () => {
    expect([short(1240.4), short(12.34), short(3.46), short(0)]).toEqual(["1,240", "12", "3.5", "0"]);
    expect([count(1240), count(-1)]).toEqual(["1,240", "0"]);
    expect([duration(96.4), duration(1000), duration(null)]).toEqual(["96 ms", "over 1 s", "–"]);
  });

  test("call nothing 100 % but all", () => {
    expect([percent(1, 1), percent(998, 1000), percent(0, 5), percent(0, 0)]).toEqual(["100 %", "99 %", "0 %", "–"]);
  });
});

const layer = (more: Partial<DescribedLayer>): DescribedLayer => ({
  id: "n",
  layer: "any",
  traits: [],
  facts: {},
  numbers: {},
  ...more,
});
const still = () => 0;
const route = { budget: null, flow: none };

describe("a box of the stack", () => {
  test("of a limit fills with what runs, and says who waits", () => {
    const limit = layer({ traits: ["limits"], numbers: { max: 4, active: 3, waiting: 2 } });
    expect(rowOf(limit, still, route)).toMatchObject({
      figure: "3 of 4, 2 in line",
      fill: 0.75,
      cells: 4,
      tone: "limit",
    });
  });

  test("of a queue fills with who waits", () => {
    const queue = layer({ traits: ["queues"], facts: { capacity: 200 }, numbers: { queued: 50 } });
    expect(rowOf(queue, still, route)).toMatchObject({ figure: "50 of 200 wait", fill: 0.25, cells: 0, tone: "line" });
  });

  test("of a limit that adapts fills up to where the limit is now", () => {
    const limit = layer({ traits: ["limits"], facts: { max: 64 }, numbers: { limit: 8, active: 4 } });
    expect(rowOf(limit, still, route)).toMatchObject({ figure: "4 of 8", fill: 0.5, cells: 8 });
  });

  test("of a limit for each key says how many keys there are, and fills with nothing", () => {
    const limit = layer({ traits: ["limits"], facts: { maxKeys: 1000 }, numbers: { size: 9 } });
    expect(rowOf(limit, still, route)).toMatchObject({ figure: "9 keys, each by itself", fill: null });
  });

  test("without a bound is never full", () => {
    const limit = layer({ traits: ["limits"], numbers: { max: "Infinity", active: 3 } });
    expect(rowOf(limit, still, route).fill).toBe(0);
  });

  test("asks for attention while something happens", () => {
    const shed = layer({ traits: ["sheds"] });
    expect(rowOf(shed, still, route)).toMatchObject({ alert: false, fill: null });
    expect(rowOf(shed, () => 31.4, route)).toMatchObject({ alert: true, figure: "31/s refused" });
    const times = layer({ traits: ["times-out"], facts: { call: 300, total: 900 } });
    expect(rowOf(times, still, route).figure).toBe("300 ms, 900 ms");
    expect(rowOf(times, () => 4, route).figure).toBe("4/s gave up");
    const breaker = layer({ traits: ["breaks"], numbers: { retryAfter: 120 } });
    expect(rowOf(breaker, still, route)).toMatchObject({ alert: true, figure: "open" });
    expect(rowOf(layer({ traits: ["breaks"] }), still, route)).toMatchObject({ alert: false, figure: "closed" });
    const retries = layer({ traits: ["repeats"] });
    expect(rowOf(retries, still, { ...route, budget: 4.7 })).toMatchObject({ alert: false, figure: "budget 4" });
    expect(rowOf(retries, () => 6, { ...route, budget: 4.7 }).figure).toBe("6/s tried again");
    const rate = layer({ traits: ["rates"], facts: { limit: 50, interval: 1000 }, numbers: { waiting: 3 } });
    expect(rowOf(rate, still, route).figure).toBe("50 a second, 3 in line");
    const instead = layer({ traits: ["answers"] });
    expect(rowOf(instead, still, { budget: null, flow: { ...none, estimated: 30 } }).figure).toBe("30/s estimates");
  });

  test("of which nothing is known is quiet", () => {
    expect(rowOf(layer({}), still, route)).toMatchObject({ tone: "quiet", figure: "", alert: false });
  });

  test("is there for each layer down to the innermost service, by the first branch", () => {
    const innermost = layer({ layer: "serviceFn" });
    const other = layer({ layer: "elsewhere" });
    const inside = layer({ layer: "limit", inner: innermost });
    const branched = layer({
      layer: "fallback",
      branches: [
        { key: "first", node: inside },
        { key: "to", node: other },
      ],
    });
    expect(layersOf(layer({ layer: "meter", inner: branched })).map((each) => each.layer)).toEqual([
      "meter",
      "fallback",
      "limit",
    ]);
  });
});
