export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Words stand left, numbers right. */
  readonly left?: boolean;
}

/** Lines of text, as wide as what stands in them. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...cells.map((line) => line[index]!.length)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => (columns[index]!.left ? text.padEnd(widths[index]!) : text.padStart(widths[index]!)))
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)];
}

/** A number as people read it: 0.4, 7.1, 94, 570. */
export function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const digits = Math.abs(value) < 9.95 && Math.abs(value) >= 0.05 ? 1 : 0;
  const text = value.toFixed(digits);
  return text === "0.0" || text === "-0" ? "0" : text;
}

/** A share, in per cent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Shares from 0 to 1, each as a bar. */
export function bars(shares: readonly number[]): string {
  const marks = "▁▂▃▄▅▆▇█";
  return shares.map((share) => marks[Math.min(7, Math.max(0, Math.floor(share * 7.999)))]).join("");
}
