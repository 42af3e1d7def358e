import { patience } from "../load/messages.ts";
import { type RouteName, routes } from "../routes.ts";
import { Histogram } from "./histogram.ts";
import type { PhaseResult, RunResult } from "./run-result.ts";
import { type Column, short, table } from "./table.ts";

interface Row {
  readonly phase: PhaseResult;
  readonly route: RouteName;
}

const perSecond = (count: (row: Row) => number) => (row: Row) => short(count(row) / row.phase.seconds);
const tally = ({ phase, route }: Row) => phase.tallies[route];
const seen = ({ phase, route }: Row) => phase.seen[route];

const columns: readonly Column<Row>[] = [
  { title: "phase", left: true, cell: ({ phase, route }) => (route === routes[0] ? phase.name : "") },
  { title: "route", left: true, cell: ({ route }) => route },
  { title: "offered", cell: perSecond((row) => tally(row).offered) },
  { title: "goodput", cell: perSecond((row) => tally(row).good) },
  { title: "estimates", cell: perSecond((row) => tally(row).estimated) },
  { title: "refused", cell: perSecond((row) => tally(row).refused) },
  { title: "timed out", cell: perSecond((row) => tally(row).timedOut) },
  { title: "failed", cell: perSecond((row) => tally(row).failed) },
  { title: "p50", cell: (row) => latency(tally(row).latencies, 0.5) },
  { title: "p99", cell: (row) => latency(tally(row).latencies, 0.99) },
  { title: "queue", cell: (row) => String(seen(row).queued) },
  { title: "behind", cell: (row) => String(seen(row).backendQueued) },
  { title: "permits", cell: (row) => String(seen(row).permits) },
  { title: "retries", cell: perSecond((row) => seen(row).retries) },
  { title: "denied", cell: perSecond((row) => seen(row).retriesDenied) },
  { title: "budget", cell: (row) => budget(seen(row).budget) },
  {
    title: "memory",
    cell: ({ phase, route }) => (route === routes[0] ? `${Math.round(phase.memory / 2 ** 20)} MB` : ""),
  },
];

/** What the columns mean. */
export const legend: readonly string[] = [
  "offered, goodput, estimates, refused, timed out, failed, retries, denied: a second. goodput: answered correctly while the client",
  `was still there (${patience} ms). p50, p99: ms, from when the request was due, of what was neither refused nor failed;`,
  `">${patience}": the client had left. queue, behind, permits: the most at a time, of requests waiting in the gateway, waiting in`,
  "the backend, and being asked of it. estimates: answers of the fallback, which are no goodput. denied: retries that the budget forbade. budget: the least that was left of it.",
];

/** One run: a line for each route in each phase. */
export function runTable({ phases }: RunResult): string[] {
  return table(
    columns,
    phases.flatMap((phase) => routes.map((route) => ({ phase, route }))),
  );
}

/** A latency in ms; who gave up waited for longer than the bucket says. */
export function latency(buckets: readonly number[], q: number): string {
  const ms = new Histogram(buckets).quantile(q);
  if (ms === undefined) return "-";
  return ms >= patience ? `>${patience}` : String(Math.round(ms));
}

function budget(left: number | null): string {
  return left === null ? "-" : String(Math.floor(left));
}
