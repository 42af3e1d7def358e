import uPlot from "uplot";
import type { Point } from "../live/frame.ts";
import { element, find, say } from "./dom.ts";

interface Line {
  readonly words: string;
  /** Which custom property of the stylesheet has its colour. */
  readonly colour: `--${string}`;
  /** Lines differ by their dashes, too; none: a solid line. */
  readonly dash?: readonly number[];
  readonly of: (point: Point) => number | null;
}

export interface ChartOptions {
  readonly name: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** How a value is written. */
  readonly figure: (value: number | null) => string;
}

export interface Chart {
  show(points: readonly Point[]): void;
  /** The colours are others now. */
  repaint(): void;
}

const spanSeconds = 120;
/** Seconds ago, and what that is called. */
const marks = [
  [120, "2 min ago"],
  [90, ""],
  [60, "1 min"],
  [30, ""],
  [0, "now"],
] as const;

/** A line for each series over the last two minutes, and what each is now, or was where the pointer is. */
export function chart({ name, title, lines, figure }: ChartOptions): Chart {
  const place = find(`[data-chart=${name}]`);
  const canvas = element("div", "canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}, the last two minutes`);
  const values = lines.map(() => element("b", "", "–"));
  const legend = element(
    "ul",
    "legend",
    ...lines.map(({ words, colour, dash }, index) =>
      element("li", "", swatch(colour, dash), values[index]!, ` ${words}`),
    ),
  );
  place.append(element("figcaption", "", element("h3", "", title), legend), canvas);

  let points: readonly Point[] = [];
  const tell = () => {
    const at = points[plot.cursor.idx ?? points.length - 1];
    for (const [index, { of }] of lines.entries()) say(values[index]!, at === undefined ? "–" : figure(of(at)));
  };
  const text = () => colourOf("--muted");
  const grid = { stroke: () => colourOf("--line"), width: 1 };
  const font = "11px system-ui, sans-serif";
  const plot = new uPlot(
    {
      width: Math.max(200, canvas.clientWidth),
      height: Math.max(120, canvas.clientHeight),
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      hooks: { setCursor: [tell] },
      scales: {
        x: { time: false, range: (_plot, _least, most) => [most - spanSeconds, most] },
        y: { range: (_plot, _least, most) => [0, Math.max(5, most * 1.1)] },
      },
      axes: [
        {
          stroke: text,
          grid: { show: false },
          ticks: grid,
          font,
          size: 26,
          splits: ({ scales }) => marks.map(([ago]) => (scales["x"]?.max ?? 0) - ago),
          values: () => marks.map(([, words]) => words),
        },
        { stroke: text, grid, ticks: { show: false }, font, size: 44, space: 32 },
      ],
      series: [
        {},
        ...lines.map(({ words, colour, dash }) => ({
          label: words,
          stroke: () => colourOf(colour),
          width: 2,
          ...(dash === undefined ? {} : { dash: [...dash] }),
          points: { show: false },
        })),
      ],
    },
    [[]],
    canvas,
  );
  new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: canvas.clientHeight })).observe(canvas);
  return {
    show(next) {
      points = next;
      plot.setData([next.map(({ at }) => at / 1000), ...lines.map(({ of }) => next.map(of))]);
      tell();
    },
    repaint: () => plot.redraw(false),
  };
}

/** A piece of the line, as it is drawn. */
function swatch(colour: string, dash: readonly number[] | undefined): HTMLElement {
  const made = element("i", dash === undefined ? "swatch" : "swatch dashed");
  made.style.setProperty("--colour", `var(${colour})`);
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** A canvas knows no custom properties, nor what the theme is: an element does. */
function colourOf(property: string): string {
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

const probe = document.body.appendChild(element("i"));
probe.hidden = true;
