import { scaleLinear, scaleLog } from "d3-scale";
import { curveLinear, curveStepAfter, line } from "d3-shape";

interface Axis {
  readonly label: string;
  /** Default: from the least to the most, and 0. */
  readonly scale?: "linear" | "log" | undefined;
}

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over one horizontal axis. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A value is held until the next one. */
  readonly steps?: boolean | undefined;
}

const colours = ["#0b6bcb", "#b03a48", "#2e7d4f", "#b8860b", "#6b4fa0", "#666666"];
const width = 760;
const height = 340;
const left = 64;
const right = width - 28;
const bottom = height - 48;
const row = 18;

/** A chart as SVG, the same for the same numbers. */
export function svgOf({ title, x, y, series, steps = false }: Chart): string {
  const top = 40 + Math.ceil(series.length / 3) * row;
  const points = series.flatMap((each) => each.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
  ).range([left, right]);
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
  ).range([bottom, top]);
  const path = line<readonly [number, number]>(
    (point) => across(point[0]),
    (point) => up(point[1]),
  )
    .curve(steps ? curveStepAfter : curveLinear)
    .digits(1);
  const lines = series.flatMap(({ name, points: ours }, index) => {
    const colour = colours[index % colours.length]!;
    const drawn = steps ? corners(ours) : ours;
    const [column, above] = [12 + (index % 3) * 245, 42 + Math.floor(index / 3) * row];
    return [
      `<path d="${path(drawn.filter(([a, b]) => across(a) >= left && Number.isFinite(up(b)))) ?? ""}" fill="none" stroke="${colour}" stroke-width="1.8"/>`,
      `<rect x="${column}" y="${above - 9}" width="10" height="10" fill="${colour}"/>`,
      `<text x="${column + 15}" y="${above}">${escaped(name)}</text>`,
    ];
  });
  const grid = [
    ...ticksOf(across, x).map((value) => {
      const at = rounded(across(value));
      return `<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="#e4e4e4"/><text x="${at}" y="${bottom + 16}" text-anchor="middle" fill="#555555">${numeral(value)}</text>`;
    }),
    ...ticksOf(up, y).map((value) => {
      const at = rounded(up(value));
      return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#e4e4e4"/><text x="${left - 6}" y="${at + 4}" text-anchor="end" fill="#555555">${numeral(value)}</text>`;
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${escaped(title)}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="12" y="20" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    ...grid,
    `<text x="${(left + right) / 2}" y="${height - 12}" text-anchor="middle" fill="#333333">${escaped(x.label)}</text>`,
    `<text transform="rotate(-90)" x="${-(top + bottom) / 2}" y="16" text-anchor="middle" fill="#333333">${escaped(y.label)}</text>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

/** Without those that are the same as before and after them. */
function corners(points: Series["points"]): Series["points"] {
  return points.filter(([, y], index) => points[index - 1]?.[1] !== y || points[index + 1]?.[1] !== y);
}

type Scale = ReturnType<typeof scaleOf>;

function scaleOf({ scale }: Axis, values: readonly number[]) {
  const known = values.filter((value) => Number.isFinite(value) && (scale !== "log" || value > 0));
  const most = Math.max(...known);
  if (scale === "log")
    return scaleLog()
      .domain([Math.min(...known), most])
      .nice();
  return scaleLinear()
    .domain([Math.min(0, ...known), most])
    .nice();
}

function ticksOf(scale: Scale, axis: Axis): readonly number[] {
  const ticks = scale.ticks(axis.scale === "log" ? 4 : 6);
  return axis.scale === "log" ? ticks.filter((value) => Number.isInteger(Math.log10(value))) : ticks;
}

function numeral(value: number): string {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
}

function rounded(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
