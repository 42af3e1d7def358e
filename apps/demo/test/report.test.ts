import { describe, expect, test, vi } from "vitest";
import type { Tally } from "../src/load/tally.ts";
import { phaseNames, planOf } from "../src/plan.ts";
import { chartOf } from "../src/report/chart.ts";
import { findingsOf, recoveredAfter } from "../src/report/findings.ts";
import type { Observer } from "../src/report/observer.ts";
import type { RunResult } from "../src/report/run-result.ts";
import { latency } from "../src/report/run-table.ts";
import { screen } from "../src/report/screen.ts";
import { bars, short, table } from "../src/report/table.ts";
import { inWords, keptUp, sideBySide, stoodBeside } from "../src/report/words.ts";
import { byRoute, type RouteName } from "../src/routes.ts";
import { Histogram } from "../src/report/histogram.ts";

/** A run in which `good(phase, route)` of 100 were answered, in a second, where the capacity is 100. */
function runOf(good: (phase: string, route: RouteName) => number): RunResult {
  const seen = {
    queued: 1,
    backendQueued: 2,
    permits: 3,
    retries: 4,
    retriesDenied: 5,
    circuitOpened: 2,
    circuitRefused: 60,
    budget: null,
    limit: 6,
  };
  return {
    title: "a run",
    capacity: byRoute(() => 100),
    phases: phaseNames.map((name) => ({
      name,
      seconds: 1,
      heldUp: 2,
      memory: 50 * 2 ** 20,
      tallies: byRoute((route) => tallyOf(100, good(name, route))),
      seen: byRoute(() => seen),
    })),
  };
}

function tallyOf(offered: number, good: number): Tally {
  return {
    offered,
    good,
    estimated: 3,
    refused: 0,
    timedOut: offered - good,
    failed: 0,
    important: { offered: 10, ended: 10, good: good < 90 ? 1 : 10 },
    greedy: { offered: 200, ended: 200, good: 50 },
    latencies: [],
    slices: [{ offered, good }],
  };
}

const well = runOf(() => 95);
const badly = runOf(() => 10);

describe("what was seen", () => {
  test("is goodput as a share of the capacity measured before the spike", () => {
    expect(findingsOf(runOf((phase) => (phase === "spike" ? 91 : 0))).spike).toEqual(byRoute(() => 0.91));
  });

  test("is not kept up when one route is below nine tenths", () => {
    expect(keptUp(findingsOf(well))).toBe(true);
    expect(keptUp(findingsOf(runOf((_phase, route) => (route === "hash" ? 89 : 100))))).toBe(false);
  });

  test("is not stood beside a dead dependency when another route is below nine tenths", () => {
    const onlyTheDead = runOf((phase, route) => (phase === "dead" && route === "fares" ? 0 : 100));
    const anotherToo = runOf((phase, route) => (phase === "dead" && route === "quote" ? 89 : 100));
    expect(stoodBeside(findingsOf(onlyTheDead))).toBe(true);
    expect(stoodBeside(findingsOf(anotherToo))).toBe(false);
  });

  test("is said as it was, also when it is not what the demo is there to show", () => {
    expect(
      inWords(well, badly)
        .slice(-6)
        .map((line) => line.slice(0, 8)),
    ).toEqual(Array.from({ length: 6 }, () => "seen    "));
    expect(
      inWords(badly, well)
        .slice(-6)
        .map((line) => line.slice(0, 8)),
    ).toEqual(Array.from({ length: 6 }, () => "NOT SEEN"));
  });

  test("says what a breaker and a fallback did before a dead dependency, and nothing of a circuit that never opened", () => {
    const without: RunResult = {
      ...badly,
      phases: badly.phases.map((phase) => ({
        ...phase,
        seen: byRoute((route) => ({ ...phase.seen[route], circuitOpened: 0, circuitRefused: 0 })),
      })),
    };
    const lines = inWords(well, without);
    expect(lines).toContain(
      "  with layers  of 100, 95 were answered, 5 timed out, 3 had an estimate; the circuit opened 2 times, and refused 60 attempts",
    );
    expect(lines).toContain("  without      of 100, 10 were answered, 90 timed out, 3 had an estimate");
  });

  test("stands side by side, a line for each route in each phase", () => {
    expect(sideBySide(well, badly)).toHaveLength(2 + phaseNames.length * 4);
  });
});

describe("a route has recovered", () => {
  const slices = (...good: number[]) => ({ slices: good.map((each) => ({ offered: 10, good: each })) });

  test("at once when all was well", () => expect(recoveredAfter(slices(10, 9, 10))).toBe(0));
  test("after the last slice that was not", () => expect(recoveredAfter(slices(0, 10, 8, 9, 10))).toBe(1.5));
  test("not at all when the last slice was not", () => expect(recoveredAfter(slices(10, 10, 0))).toBeUndefined());
});

describe("the live screen", () => {
  test("shows what is counted as so many a second in this phase, retries too", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      let written = "";
      const output = { isTTY: true, columns: 200, write: (text: string) => (written = text) };
      const shown = screen(output, planOf(1));
      const phase = planOf(1).phases[0]!;
      const ofRoute = {
        queued: 1,
        permits: 3,
        budget: 7.9,
        limit: null,
        retries: 4_000,
        retriesDenied: 0,
        circuitOpened: 0,
        circuitRefused: 0,
      };
      const latest = {
        rss: 2 ** 20,
        connections: { active: 1, waiting: 0, max: 9 },
        answers: {},
        routes: byRoute(() => ofRoute),
      };
      const seen = { ...ofRoute, backendQueued: 2, retries: 40 };
      const phases = (name: string) => {
        expect(name).toBe(phase.name);
        return { memory: 0, seen: byRoute(() => seen) };
      };
      shown.enter("a run", phase);
      vi.advanceTimersByTime(2_000);
      shown.look(
        byRoute(() => tallyOf(200, 100)),
        { latest, phase: phases } as unknown as Observer,
      );
      const [titles, , quote] = written.split("\n").slice(3);
      expect(titles).toMatch(/^route +offered\/s +goodput\/s .* queue +permits +retries\/s +budget/);
      expect(quote).toMatch(/^quote +100 +50 .* 1 +3 +20 +7$/);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a table", () => {
  test("has words left and numbers right, under their titles", () => {
    const rows = [
      { name: "a", count: 1 },
      { name: "bcd", count: 1000 },
    ];
    const lines = table(
      [
        { title: "name", left: true, cell: ({ name }) => name },
        { title: "n", cell: ({ count }) => String(count) },
      ],
      rows,
    );
    expect(lines).toEqual(["name     n", "----  ----", "a        1", "bcd   1000"]);
  });

  test.each([
    [0, "0"],
    [0.04, "0"],
    [0.44, "0.4"],
    [7.06, "7.1"],
    [9.96, "10"],
    [94.4, "94"],
  ])("shows %d as %s", (value, text) => expect(short(value)).toBe(text));

  test("draws shares as bars, from none to all", () => expect(bars([0, 0.5, 1])).toBe("▁▄█"));

  test("says of those who left that it took longer than they waited", () => {
    const histogram = new Histogram();
    expect(latency(histogram.toJSON(), 0.5)).toBe("-");
    histogram.record(1000);
    expect(latency(histogram.toJSON(), 0.5)).toBe(">1000");
  });
});

describe("the chart", () => {
  const svg = chartOf(well, badly);

  test("has a group of three bars for each phase, of all routes together", () => {
    expect(svg.match(/<rect [^>]*y="[\d.]+" width="[\d.]+" height="[\d.]+"/g)).toHaveLength(3 + 3 * phaseNames.length);
    for (const name of phaseNames) expect(svg).toContain(`>${name}</text>`);
    expect(svg).toContain(">400</text>");
    expect(svg).toContain(">380</text>");
    expect(svg).toContain(">40</text>");
  });

  test("cuts off what is far above all answers, and says how much it was", () => {
    const flood: RunResult = {
      ...well,
      phases: well.phases.map((phase) => ({ ...phase, tallies: byRoute(() => tallyOf(10_000, 95)) })),
    };
    expect(chartOf(flood, badly)).toContain("↑ 40000");
  });
});
