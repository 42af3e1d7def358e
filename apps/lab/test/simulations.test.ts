import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

const docs = join(import.meta.dirname, "../../../docs");
const page = readFileSync(join(docs, "lab.md"), "utf8");

describe.each(simulations)("$name, in docs/lab.md", ({ name, published, setting, reading }) => {
  it("reads as in its file, and is drawn", () => {
    // Otherwise: pnpm lab --write
    for (const text of [published, setting, reading]) expect(page).toContain(text);
    expect(existsSync(join(docs, "lab", `${name}.svg`))).toBe(true);
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
