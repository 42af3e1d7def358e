// pnpm soak:fleet [--quick] [--only text]
//
// Four processes share one limit over a real server, and one fault after the other befalls them. It prints what was seen, and fails where
// a promise of @sluice/limit-shared did not hold.
import { parseArgs } from "node:util";
import { requireServer } from "@sluice/test-kit/redis";
import { fairness, failures, letIn, mostAtOnce, neededBurst, perSecond, quantile } from "./account.ts";
import type { Fault, Outcome } from "./fault.ts";
import { faults } from "./faults.ts";
import { play } from "./play.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const { version } = await requireServer();
const chosen = faults.filter(
  ({ name, quick = false }) => (!values.quick || quick) && (values.only === undefined || name.includes(values.only)),
);
if (chosen.length === 0) throw new RangeError(`soak: no fault has "${values.only}" in its name`);

const rows: Record<string, Record<string, string | number>> = {};
const wrong: string[] = [];
for (const fault of chosen) {
  const outcome = await play(fault);
  rows[fault.name] = rowOf(fault, outcome);
  const unhandled = outcome.seen.flatMap((member) => member.unhandled);
  for (const what of [...fault.wrong(outcome), ...unhandled]) wrong.push(`${fault.name}: ${what}`);
}
console.log(
  `Four members over ${version}. Rate: 400 a second, 600 offered. Slots: 8, and 20 callers whose work takes 10 ms.`,
);
console.table(rows);
for (const what of wrong) console.error(what);
process.exitCode = wrong.length > 0 ? 1 : 0;

function rowOf({ limit }: Fault, { seen, began, ended, well }: Outcome): Record<string, string | number> {
  const calls = letIn(seen);
  const starts = calls.map(([, started]) => started);
  const waits = calls.map(([asked, started]) => started - asked);
  const shares = seen.map((member) => letIn([member]).length);
  const trips = seen.reduce((sum, member) => sum + member.trips, 0);
  return {
    "starts/s": Math.round(perSecond(starts, began, ended)),
    "in the last s": Math.round(perSecond(starts, ended - 1_000, ended)),
    ...(limit.kind === "rate"
      ? { "burst needed": Math.round(neededBurst(starts, limit.options.limit, limit.options.interval)) }
      : {
          "most at once": mostAtOnce(calls),
          "most 1 s after": well === began ? "" : mostAtOnce(calls, well + 1_000, ended),
        }),
    "wait p50, ms": quantile(waits, 0.5).toFixed(2),
    p99: quantile(waits, 0.99).toFixed(1),
    "trips/call": (trips / Math.max(1, calls.length)).toFixed(2),
    Jain: fairness(shares).toFixed(2),
    failed: [...failures(seen)].map(([code, count]) => `${code.replace("ERR_SLUICE_", "")} ${count}`).join(", "),
  };
}
