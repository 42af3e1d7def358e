import { figureOf, format, type Row, type Seen } from "./result.ts";

const colours = { bare: "#888888", hand: "#b8860b", sluice: "#0b6bcb", peer: "#b03a48" } as const;
const width = 880;
const labels = 250;
const figures = 90;
const line = 24;
const top = 34;

/**
 * A dot for each median on a logarithmic axis, since the slowest often takes a hundred times as long as the fastest, and a line from the
 * least to the most of the rounds.
 */
export function chartOf({ title, columns, rows }: Seen): string {
  const [column] = columns;
  const shown = column === undefined ? [] : rows.filter((row) => figureOf([row], row.name, column.figure) > 0);
  if (column === undefined || shown.length === 0) return "";
  const spread = (row: Row) => row.figures[column.figure]!;
  const least = Math.min(...shown.map((row) => spread(row).least));
  const most = Math.max(...shown.map((row) => spread(row).most));
  const from = Math.floor(Math.log10(Math.max(least, 1e-3)));
  const to = Math.max(Math.ceil(Math.log10(most)), from + 1);
  const x = (figure: number): number =>
    Math.round(labels + ((Math.log10(Math.max(figure, 1e-3)) - from) / (to - from)) * (width - labels - figures));
  const bottom = top + shown.length * line;

  const axis = Array.from({ length: to - from + 1 }, (_, step) => 10 ** (from + step)).flatMap((figure) => [
    `<line x1="${x(figure)}" x2="${x(figure)}" y1="${top}" y2="${bottom}" stroke="#dddddd"/>`,
    `<text x="${x(figure)}" y="${bottom + 16}" text-anchor="middle" fill="#555555">${format(figure)}</text>`,
  ]);
  const dots = shown.flatMap((row, index) => {
    const { median, least: low, most: high } = spread(row);
    const y = top + index * line + line / 2;
    const colour = colours[row.by];
    return [
      `<text x="${labels - 12}" y="${y + 4}" text-anchor="end"${row.by === "sluice" ? ' font-weight="bold"' : ""}>${escaped(row.name)}</text>`,
      `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${x(median)}" cy="${y}" r="5" fill="${colour}"/>`,
      `<text x="${x(high) + 10}" y="${y + 4}" fill="${colour}">${format(median, column.digits)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 26}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="12" y="20" font-size="14" font-weight="bold">${escaped(`${title}: ${column.label}`)}</text>`,
    ...axis,
    ...dots,
    "</svg>",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
