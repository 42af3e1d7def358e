import { describe, expect, test } from "vitest";
import type { Condition, DescribedLayer, Frame, SideFrame } from "../src/live/frame.ts";
import { byLiveRoute } from "../src/live/frame-of.ts";
import { count, duration, percent, short } from "../src/page/figures.ts";
import { layersOf, limitOf, rowOf } from "../src/page/layer-row.ts";
import { wordsOf } from "../src/page/words.ts";

const none = { offered: 0, ended: 0, good: 0, estimated: 0, refused: 0, timedOut: 0, failed: 0 };
const up: Condition = { kind: "up" };

function sideOf(good: number, waiting = 0, refused = 0, important = { offered: 10, ended: 10, good: 10 }): SideFrame {
  const flow = { ...none, offered: 100, good, refused };
  const backend = { active: 1, queued: 0 };
  const route = { flow, important, greedy: none, waiting, active: 1, budget: null, backend, described: null };
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
  const asked = { times: 0.6, greedy: false, important: false };
  return { point, ...asked, heldUp: 3, events: [], conditions: byLiveRoute(() => up), layered, plain, ...more };
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
    expect(words).toMatch(/^3 times .*With layers, 33 of 100 .*refused at once\. Without, 2 are, and 1,240 wait/);
    expect(said(sideOf(100), sideOf(100), { times: 1.5 })).not.toMatch(/refused/);
  });

  test("after a flood say that it is not over without layers", () => {
    expect(said(sideOf(100), sideOf(10, 900))).toMatch(/still busy .*900 wait/);
  });

  test("when a backend is in trouble tell of the other routes", () => {
    const conditions = { ...byLiveRoute(() => up), fares: { kind: "silent" as const, ms: 1 } };
    expect(said(sideOf(100), sideOf(40), { conditions })).toMatch(
      /fares is silent.*other routes are asked: 100 % .* with layers, 40 % without/,
    );
  });

  test("tell of a greedy client what the others get", () => {
    expect(said(sideOf(100), sideOf(13), { greedy: true })).toMatch(
      /One client alone asks report for 4 times.*other clients ask there: 100 % .* with layers, 13 % without/,
    );
  });

  test("tell of what is important where there is too much to do, and only there", () => {
    const lost = { offered: 10, ended: 8, good: 1 };
    const [one, other] = [sideOf(66), sideOf(2, 0, 0, lost)];
    expect(said(one, other, { important: true, times: 1.5 })).toMatch(
      /1.5 times.*important tenth of quote: 100 % .* with layers, 13 % without/,
    );
    expect(said(one, sideOf(100), { important: true })).toMatch(/usual day/);
  });

  test("tell of a limit that was set to something else", () => {
    const limit = layer({ traits: ["limits"], facts: { max: 4 }, numbers: { max: 64 }, inner: layer({}) });
    const one = sideOf(50);
    const quote = { ...one.routes.quote, described: { root: limit, warnings: [] } };
    const set = { ...one, routes: { ...one.routes, quote } };
    expect(said(set, sideOf(50))).toMatch(/limit of quote is 64 instead of 4.*With layers, 50 of 100/);
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
const route = { budget: null, refused: 0 };

describe("a box of the stack", () => {
  test("of a limit fills with what runs, and says who waits, and what it was made with", () => {
    const limit = layer({ traits: ["limits"], facts: { max: 4 }, numbers: { max: 4, active: 3, waiting: 2 } });
    expect(rowOf(limit, still, route)).toMatchObject({
      figure: "3 of 4",
      note: "2 in line",
      fill: 0.75,
      cells: 4,
      tone: "limit",
    });
    const set = { ...limit, numbers: { max: 8, active: 3, waiting: 0 } };
    expect(rowOf(set, still, route)).toMatchObject({ figure: "3 of 8", note: "was 4", cells: 8 });
    expect([limitOf(limit), limitOf(set)]).toEqual([
      { max: 4, made: 4 },
      { max: 8, made: 4 },
    ]);
  });

  test("of a line by importance is in front of its limit, and says how many are let in first", () => {
    const counted = (waiting: number, refused: number) => ({ waiting, granted: 9, refused });
    const [first, second] = [counted(2, 1), counted(14, 30)];
    const numbers = Object.fromEntries(
      [first, second].flatMap((level, at) =>
        Object.entries(level).map(([what, value]) => [`line.levels.${at}.${what}`, value]),
      ),
    );
    const limit = layer({
      id: "nii",
      layer: "limit",
      traits: ["limits"],
      facts: { max: 4, line: "byImportance" },
      numbers: { max: 4, active: 4, waiting: 16, "line.maxWaiting": 16, ...numbers },
      inner: layer({}),
    });
    const [line, itself] = layersOf(limit);
    expect([line!.layer, line!.numbers["refused"], itself]).toEqual(["byImportance", 31, limit]);
    expect(rowOf(line!, still, route)).toMatchObject({
      figure: "16 of 16 wait",
      note: "★ 0/s let in first",
      fill: 1,
      tone: "line",
    });
    expect(line!.numbers["first"]).toBe(9);
    const rate = (counter: string) => (counter === "first" ? 11.2 : 31);
    expect(rowOf(line!, rate, route)).toMatchObject({
      figure: "31/s refused",
      note: "★ 11/s let in first",
      alert: true,
      fill: 1,
    });
    // They are drawn once.
    expect(rowOf(limit, still, route)).toMatchObject({ figure: "4 of 4", note: "" });
  });

  test("of a queue fills with who waits", () => {
    const queue = layer({ traits: ["queues"], facts: { capacity: 200 }, numbers: { queued: 50 } });
    expect(rowOf(queue, still, route)).toMatchObject({ figure: "50 of 200 wait", fill: 0.25, cells: 0, tone: "line" });
    expect(rowOf(queue, still, { ...route, refused: 63.2 })).toMatchObject({ figure: "63/s refused", fill: 0.25 });
  });

  test("of a limit that adapts fills up to where the limit is now", () => {
    const limit = layer({ traits: ["limits"], facts: { max: 64 }, numbers: { limit: 8, active: 4 } });
    expect(rowOf(limit, still, route)).toMatchObject({ figure: "4 of 8", fill: 0.5, cells: 8 });
    expect(limitOf(limit)).toBeUndefined();
  });

  test("of a limit for each key says how many keys there are, and fills with nothing", () => {
    const limit = layer({ traits: ["limits"], facts: { maxKeys: 1000 }, numbers: { size: 9 } });
    expect(rowOf(limit, still, route)).toMatchObject({ figure: "9 clients, each apart", fill: null });
    expect(rowOf(limit, still, { ...route, refused: 180 }).figure).toBe("180/s over their share");
    expect(limitOf(limit)).toBeUndefined();
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
    expect(rowOf(instead, still, route).figure).toBe("stands by");
    expect(rowOf(instead, (counter) => (counter === "fallbacks" ? 30 : 0), route).figure).toBe("30/s estimates");
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
