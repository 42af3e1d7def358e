import { type Answered, figureOf, format, inWords, type Row, type Seen } from "./result.ts";

/** A table as rows of cells; the first row is the head. */
export function tableOf({ columns, rows, bare, reference }: Seen): string[][] {
  const [first, ...others] = columns;
  if (first === undefined) return [];
  const compared = [bare, reference].filter((name) => name !== undefined);
  const head = [
    "",
    first.label,
    "min",
    "max",
    ...others.map(({ label }) => label),
    ...compared.map((name) => `/ ${name}`),
  ];
  const body = rows.map((row) => {
    const { median = Number.NaN, least = Number.NaN, most = Number.NaN } = row.figures[first.figure] ?? {};
    return [
      row.name,
      ...[median, least, most].map((figure) => format(figure, first.digits)),
      ...others.map(({ figure, digits }) => format(row.figures[figure]?.median ?? Number.NaN, digits)),
      ...compared.map((name) => format(ratio(row, rows, name, first.figure), 2)),
    ];
  });
  return [head, ...body];
}

function ratio(row: Row, rows: readonly Row[], to: string, figure: string): number {
  return figureOf([row], row.name, figure) / figureOf(rows, to, figure);
}

/** For a terminal. */
export function print({ name, title, groups, seconds, load }: Answered): void {
  console.log(
    `${name}: ${title}  (${seconds.toFixed(0)} s, load ${load.map((each) => each.toFixed(1)).join(" → ")})\n`,
  );
  for (const seen of groups) {
    const table = tableOf(seen);
    const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
    console.log(seen.title);
    for (const row of table) {
      console.log(
        row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
      );
    }
    for (const verdict of seen.goals) console.log(`${verdict.reached ? "reached" : "MISSED "}  ${inWords(verdict)}`);
    console.log();
  }
}
