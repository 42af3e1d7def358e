import { describe, expect, it } from "vitest";
import { svgOf } from "../src/report/chart.ts";
import { measured, readable } from "../src/report/number.ts";
import { pageOf } from "../src/report/page.ts";
import { textOf } from "../src/report/text.ts";
import { type Findings, outside, type Simulation } from "../src/simulation.ts";

const findings: Findings = {
  figures: [
    { what: "good", published: "5 ms", ours: 5.123, unit: "ms", within: [4, 6] },
    { what: "too much", ours: 7, within: [4, 6] },
    { what: "no number", ours: Number.NaN, within: [4, 6] },
    { what: "endless", ours: Number.POSITIVE_INFINITY, unit: "s", within: [Infinity, Infinity] },
  ],
  chart: {
    title: "A < B",
    x: { label: "one in", scale: "log" },
    y: { label: "ms" },
    series: [
      {
        name: "ours",
        points: [
          [1, 0],
          [10, 5],
          [100, 10],
        ],
      },
      { name: "not there", points: [] },
    ],
  },
};

const simulation: Simulation = {
  name: "an-example",
  title: "An example: by RFC 1",
  layers: ["retry"],
  sources: [{ title: "Somebody, 2020", where: "page 1", url: "https://example.org" }],
  published: "This.",
  setting: "That.",
  reading: "The same.",
  run: () => Promise.resolve(findings),
};

describe("figures", () => {
  it("are outside where they are below, above, or no number", () => {
    expect(outside(findings).map(({ what }) => what)).toEqual(["too much", "no number"]);
  });

  it("have as many digits as help", () => {
    expect([0.0974, 1.944, 63.44, 2503.6, 50].map(readable)).toEqual(["0.097", "1.94", "63.4", "2,504", "50"]);
    expect(measured(2, "ms")).toBe("2 ms");
    expect(measured(2, undefined)).toBe("2");
    expect(measured(Number.POSITIVE_INFINITY, "s")).toBe("never");
  });
});

describe("a report", () => {
  it("says in a terminal which figures are out of bounds", () => {
    const text = textOf(simulation, findings);
    expect(text).toContain("Somebody, 2020: page 1");
    expect(text).toMatch(/good +5 ms +5.12 ms\n/);
    expect(text).toMatch(/too much +7 +OUT OF BOUNDS: from 4 to 6/);
  });

  it("is a page whose list leads to its sections", () => {
    const page = pageOf([[simulation, findings]]);
    expect(page).toContain("- [An example: by RFC 1](#an-example-by-rfc-1) (`an-example`)");
    expect(page).toContain("\n## An example: by RFC 1\n");
    expect(page).toContain("| good | 5 ms | 5.12 ms |");
  });
});

describe("a chart", () => {
  it("draws a line for each series, inside its frame, and escapes what it is told", () => {
    const svg = svgOf(findings.chart);
    expect(svg).toContain("A &lt; B");
    expect(svg.match(/<path /g)).toHaveLength(2);
    expect(svg).not.toContain("NaN");
    const xs = [...svg.matchAll(/[ML](-?[\d.]+),/g)].map(([, x]) => Number(x));
    expect(Math.min(...xs)).toBe(64);
    expect(Math.max(...xs)).toBe(732);
  });

  it("leaves out what a logarithmic axis cannot show", () => {
    const svg = svgOf({ ...findings.chart, y: { label: "ms", scale: "log" } });
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it("holds a value until the next where it is told to", () => {
    const corners = (steps: boolean) => svgOf({ ...findings.chart, steps }).match(/L/g)!.length;
    expect(corners(true)).toBeGreaterThan(corners(false));
  });
});
