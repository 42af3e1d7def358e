// pnpm soak:fleet [--quick] [--only text] [--peers] Four processes share one limit over a real server, with one fault after the other. It
// prints the results, and fails where a promise of // @sluice/limit-shared is broken. With --peers, it also runs rate-limiter-flexible and
// bottleneck, whose results are only printed.
import { parseArgs } from "node:util";
import { installPeers } from "../../benchmarks/harness/peers.ts";
import { requireServer } from "@sluice/test-kit/redis";
import { faults } from "./faults.ts";
import { play } from "./play.ts";
import { Tables } from "./table.ts";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, peers: { type: "boolean" } },
});
const { version } = await requireServer();
const chosen = faults.filter(
  ({ name, quick = false }) => (!values.quick || quick) && (values.only === undefined || name.includes(values.only)),
);
if (chosen.length === 0) throw new RangeError(`soak: no fault has "${values.only}" in its name`);

if (values.peers) installPeers();
const tables = new Tables();
const wrong: string[] = [];
for (const fault of chosen) {
  const outcome = await play(fault);
  tables.add(fault.name, fault, outcome);
  const unhandled = outcome.seen.flatMap((member) => member.unhandled);
  for (const what of [...fault.wrong(outcome), ...unhandled]) wrong.push(`${fault.name}: ${what}`);
  for (const peer of values.peers ? (fault.peers ?? []) : []) {
    tables.add(`${fault.name} (${peer})`, fault, await play(fault, peer));
  }
}
console.log(
  `Four members over ${version}. Rate: 400 a second, 600 offered. Slots: 8, and 20 callers whose work takes 10 ms.`,
);
console.log(`\n${tables.toString()}`);
for (const what of wrong) console.error(what);
process.exitCode = wrong.length > 0 ? 1 : 0;
