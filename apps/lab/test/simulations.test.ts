import { describe, expect, it } from "vitest";
import { svgOf } from "../src/report/chart.ts";
import { pageOf } from "../src/report/page.ts";
import { outside } from "../src/simulation.ts";
import { simulations } from "../src/simulations.ts";

// Some take seconds; a machine that has other work takes several times that.
const timeout = 120_000;

describe.each(simulations)("$name, in its short form", (simulation) => {
  it("comes out within its bounds", { timeout }, async () => {
    const findings = await simulation.run("short");
    expect(outside(findings)).toEqual([]);
    // A bound that nothing could miss is none.
    for (const { within } of findings.figures) expect(within).not.toEqual([-Infinity, Infinity]);
    expect(svgOf(findings.chart)).not.toContain("NaN");
    expect(pageOf([[simulation, findings]])).toContain(`(lab/${simulation.name}.svg)`);
  });
});

describe("all simulations", () => {
  it("have names of their own", () => {
    expect(new Set(simulations.map(({ name }) => name)).size).toBe(simulations.length);
  });

  it("name a source for what they call published", () => {
    for (const { sources } of simulations) {
      expect(sources.length).toBeGreaterThan(0);
      for (const { title, where, url } of sources) {
        expect(title).not.toBe("");
        expect(where).not.toBe("");
        expect(() => new URL(url)).not.toThrow();
      }
    }
  });
});
