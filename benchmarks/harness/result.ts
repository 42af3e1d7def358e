import { cpus, loadavg, release, totalmem } from "node:os";
import type { Column, Goal, Group, Variant } from "./question.ts";

/** A figure over the rounds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The result of a variant. */
export interface Row {
  readonly name: string;
  readonly by: Variant["by"];
  readonly figures: Readonly<Record<string, Spread>>;
}

/** The result of a group. */
export interface Seen {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly bare: string | undefined;
  readonly reference: string | undefined;
  readonly goals: readonly Verdict[];
}

/** A goal, and whether it was reached. */
export interface Verdict {
  readonly goal: Goal;
  readonly seen: number;
  readonly reached: boolean;
}

/** The result of a question. */
export interface Answered {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly groups: readonly Seen[];
  readonly seconds: number;
  /** The load average before and after. */
  readonly load: readonly [before: number, after: number];
}

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

export function seenOf({ title, columns, variants, reference, goals = [] }: Group, rows: readonly Row[]): Seen {
  const bare = variants.find(({ by }) => by === "bare")?.name;
  return { title, columns, rows, bare, reference, goals: goals.map((goal) => judge(goal, rows)) };
}

export function figureOf(rows: readonly Row[], name: string, figure: string): number {
  return rows.find((row) => row.name === name)?.figures[figure]?.median ?? Number.NaN;
}

function judge(goal: Goal, rows: readonly Row[]): Verdict {
  const {
    of,
    figure,
    to,
    difference = false,
    over,
    most = Number.POSITIVE_INFINITY,
    least = Number.NEGATIVE_INFINITY,
  } = goal;
  const common = over === undefined ? 0 : figureOf(rows, over, figure);
  const own = figureOf(rows, of, figure) - common;
  const other = to === undefined ? Number.NaN : figureOf(rows, to, figure) - common;
  const seen = to === undefined ? own : difference ? own - other : own / other;
  return { goal, seen, reached: seen <= most && seen >= least };
}

/** "concurrencyLimit: at most 1.3 times limit by hand" */
export function inWords({ goal: { of, figure, to, difference = false, over, most, least }, seen }: Verdict): string {
  const bound = most === undefined ? `at least ${least}` : `at most ${most}`;
  const compared =
    to === undefined
      ? `${bound} ${figure}`
      : difference
        ? `${bound} ${figure} more than ${to}`
        : `${bound} × ${to} (${figure}${over === undefined ? "" : `, over ${over}`})`;
  return `${of}: ${compared}; seen ${format(seen, seen < 100 ? 2 : 0)}`;
}

export function format(figure: number, digits = 0): string {
  if (Number.isNaN(figure)) return "–";
  // Hundredths matter only below ten.
  const kept = digits === 0 && Math.abs(figure) < 10 && !Number.isInteger(figure) ? 1 : digits;
  return figure.toLocaleString("en", { minimumFractionDigits: kept, maximumFractionDigits: kept });
}

/** The machine. */
export function machine(): string {
  const model = cpus()[0]?.model ?? "unknown";
  return `Node ${process.version}, ${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()} ${process.arch}`;
}

export function load(): number {
  return loadavg()[0] ?? Number.NaN;
}
