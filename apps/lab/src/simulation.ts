import type { Chart } from "./report/chart.ts";

/** How much is simulated: `"short"` is what the tests run, `"full"` what the page shows. */
export type Effort = "short" | "full";

/** Where a result was published. */
interface Source {
  /** Authors, title and year. */
  readonly title: string;
  /** Where in it: a section, a page, or the file. */
  readonly where: string;
  readonly url: string;
}

/** One number that came out, beside the published one. */
export interface Figure {
  readonly what: string;
  /** As it was published, with its unit. Undefined: the source has no number for it. */
  readonly published?: string | undefined;
  readonly ours: number;
  /** Stands behind `ours`. */
  readonly unit?: string | undefined;
  /** What `ours` must be within, in the short form and the full one. */
  readonly within: readonly [least: number, most: number];
}

/** What came out. */
export interface Findings {
  readonly figures: readonly Figure[];
  readonly chart: Chart;
}

/** A published result, and a program that reproduces it with the layers that are shipped. */
export interface Simulation {
  /** The name for the command line and of the drawing: kebab-case. */
  readonly name: string;
  readonly title: string;
  /** The packages whose layers are at work. */
  readonly layers: readonly string[];
  readonly sources: readonly Source[];
  /** What goes wrong, and what the source says of it. */
  readonly published: string;
  /** What is run here. */
  readonly setting: string;
  /** What came out, and why it differs from the published result where it does. */
  readonly reading: string;
  run(effort: Effort): Promise<Findings>;
}

/** The figures that are not within their bounds. */
export function outside(findings: Findings): readonly Figure[] {
  return findings.figures.filter(({ ours, within: [least, most] }) => !(ours >= least && ours <= most));
}
