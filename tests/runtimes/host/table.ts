import type { Feature, Result } from "../suite.ts";

/** The cells, by row and column. */
type Table = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The beginning of a row about a feature. */
const rows: Readonly<Record<Feature, string>> = {
  layers: "all layers",
  trace: "`trace`",
  toDiagnosticsChannel: "`toDiagnosticsChannel`",
  toFetchHandler: "`toFetchHandler`",
  httpClient: "`httpClient`",
  hono: "`@sluice/http/hono`",
  shared: "limits that requests share",
  checkContract: "`checkContract`",
};

/** The text of a cell for a result. */
const words = { works: "yes", without: "no: a clear error", failed: "failed" } as const;

/** The table whose first cell is "what works where". */
export function tableIn(text: string): Table {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => /^\| *what works where/.test(line));
  if (start < 0) throw new Error("README.md has no table of what works where.");
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  const [head = [], , ...body] = lines.slice(start, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return new Map(
    body.map((cells) => [cells[0] ?? "", new Map(head.map((column, index) => [column, cells[index] ?? ""]))]),
  );
}

/** The cells of the table that differ from the results. */
export function differences(table: Table, column: string, results: readonly Result[]): string[] {
  return Object.entries(rows).flatMap(([feature, row]) => {
    const outcomes = new Set(results.filter((result) => result.feature === feature).map(({ outcome }) => outcome));
    const found = [...table].find(([name]) => name.startsWith(row))?.[1];
    const cell = found?.get(column) ?? [...(found ?? [])].find(([name]) => name.startsWith(column))?.[1];
    const [outcome] = outcomes;
    const seen = outcome === undefined ? "not tried" : words[outcomes.size === 1 ? outcome : "failed"];
    return cell === seen ? [] : [`README.md says "${cell}" of ${row} in ${column}; it should say "${seen}"`];
  });
}
