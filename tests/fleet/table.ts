import { fairness, failures, letIn, mostAtOnce, neededBurst, perSecond, quantile } from "./account.ts";
import type { Fault, Outcome } from "./fault.ts";

/** The result of one fault, by the name of the column. */
type Row = Readonly<Record<string, string>>;

/** The results, one row for each fault: a table in Markdown for the rates, and one for the slots. */
export class Tables {
  private readonly rows: { readonly rate: Row[]; readonly slots: Row[] } = { rate: [], slots: [] };

  add(name: string, fault: Fault, outcome: Outcome): void {
    this.rows[fault.limit.kind].push({ fault: name, ...rowOf(fault, outcome) });
  }

  toString(): string {
    return Object.values(this.rows)
      .filter((rows) => rows.length > 0)
      .map(tableOf)
      .join("\n\n");
  }
}

function rowOf({ limit }: Fault, { seen, began, ended, well }: Outcome): Row {
  const calls = letIn(seen);
  const starts = calls.map(([, started]) => started);
  const waits = calls.map(([asked, started]) => started - asked);
  // Not every library has these counters.
  const trips = seen.every((member) => Number.isFinite(member.trips))
    ? (seen.reduce((sum, member) => sum + member.trips, 0) / Math.max(1, calls.length)).toFixed(2)
    : "";
  return {
    "starts/s": perSecond(starts, began, ended).toFixed(0),
    "in the last s": perSecond(starts, ended - 1_000, ended).toFixed(0),
    ...(limit.kind === "rate"
      ? { "burst needed": neededBurst(starts, limit.options.limit, limit.options.interval).toFixed(0) }
      : {
          "most at once": String(mostAtOnce(calls)),
          "1 s after": well === began || well + 1_000 > ended ? "" : String(mostAtOnce(calls, well + 1_000, ended)),
        }),
    "p50, ms": quantile(waits, 0.5).toFixed(2),
    "p99, ms": quantile(waits, 0.99).toFixed(1),
    "trips/call": trips,
    "Jain's index": fairness(seen.map((member) => letIn([member]).length)).toFixed(2),
    failed: [...failures(seen)].map(([code, count]) => `${count} ${code.replace("ERR_SLUICE_", "")}`).join(", "),
  };
}

function tableOf(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => row[name]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  return [
    line(names),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map((row) => line(names.map((name) => row[name] ?? ""))),
  ].join("\n");
}
