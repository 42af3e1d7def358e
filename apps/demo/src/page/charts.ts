import type { Point } from "../live/frame.ts";
import { chart, type ChartOptions } from "./chart.ts";
import { count, duration, short } from "./figures.ts";

const rate = (value: number | null): string => short(value ?? 0);
const dashed = [6, 4];

const all: readonly ChartOptions[] = [
  {
    name: "good",
    title: "Answered in time, a second",
    figure: rate,
    lines: [
      { words: "asked for", colour: "--muted", dash: [2, 3], of: ({ offered }) => offered },
      { words: "without", colour: "--plain", dash: dashed, of: ({ good }) => good.plain },
      { words: "with layers", colour: "--layered", of: ({ good }) => good.layered },
    ],
  },
  {
    name: "waiting",
    title: "Waiting, in the gateway and behind it",
    figure: (value) => count(value ?? 0),
    lines: [
      { words: "without", colour: "--plain", dash: dashed, of: ({ waiting }) => waiting.plain },
      { words: "with layers", colour: "--layered", of: ({ waiting }) => waiting.layered },
    ],
  },
  {
    name: "p99",
    title: "p99, ms",
    figure: duration,
    lines: [
      { words: "without", colour: "--plain", dash: dashed, of: ({ p99 }) => p99.plain },
      { words: "with layers", colour: "--layered", of: ({ p99 }) => p99.layered },
    ],
  },
  {
    name: "outcomes",
    title: "Not answered, a second",
    figure: rate,
    lines: [
      { words: "without: no answer in 1 s", colour: "--plain", dash: dashed, of: ({ lost }) => lost.plain },
      { words: "with: no answer in 1 s", colour: "--lost", dash: [2, 3], of: ({ lost }) => lost.layered },
      { words: "with: refused at once", colour: "--layered", of: ({ refused }) => refused.layered },
    ],
  },
];

const mostPoints = 240;

/** The charts, and the points that they are drawn of. */
export function charts(): {
  readonly begin: (before: readonly Point[]) => void;
  readonly add: (point: Point) => void;
  readonly repaint: () => void;
} {
  const drawn = all.map(chart);
  let points: Point[] = [];
  const show = () => {
    for (const each of drawn) each.show(points);
  };
  return {
    begin(before) {
      points = [...before];
      show();
    },
    add(point) {
      points.push(point);
      if (points.length > mostPoints) points.shift();
      show();
    },
    repaint() {
      for (const each of drawn) each.repaint();
    },
  };
}
