// A server on loopback under overload and under attack:  pnpm soak:http [--only overload,attacks] [--seed N]
import { parseArgs } from "node:util";
import { seed as anySeed } from "@sluice/test-kit";
import { generator } from "../load.ts";
import { type Attack, isAtRest, attacks, maxConnections, permits, times } from "./attacks.ts";
import { overload } from "./overload.ts";
import { serve } from "./served.ts";
import type { Made } from "./server.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "overload,attacks" }, seed: { type: "string" } },
});
const parts = values.only.split(",");
const seed = values.seed === undefined ? anySeed : Number(values.seed);
if (!Number.isInteger(seed) || !parts.every((part) => part === "overload" || part === "attacks")) {
  throw new RangeError(
    `soak:http: --only is "overload", "attacks" or both, --seed a whole number, not ${values.only}, ${values.seed}`,
  );
}

const faults: string[] = [];
const fault = (what: string): void => void faults.push(what);

if (parts.includes("overload")) await underLoad();
if (parts.includes("attacks")) await underAttack();
for (const what of faults.slice(0, 20)) console.error(what);
console.log(faults.length === 0 ? "Nothing was found." : `${faults.length} faults.`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function underLoad(): Promise<void> {
  // A connection may be idle for the whole load: to close it would race with the next request.
  await using served = await serve({
    permits: 20,
    work: 20,
    hardened: { times: { keepAliveTimeout: 60_000 }, options: {} },
  });
  const seen = await overload({ served, permits: 20, times: 10, seconds: 20, random: generator(seed), fault });
  const { most } = await served.counted();
  const at = (sorted: readonly number[], share: number): string =>
    `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)} ms`;
  console.table({
    "capacity, a second": seen.capacity.toFixed(0),
    "offered, a second": seen.offered.toFixed(0),
    "good, a second": seen.goodput.toFixed(0),
    "goodput of the capacity": `${((100 * seen.goodput) / seen.capacity).toFixed(1)} %`,
    "asked, each answered once": seen.asked,
    "good ": seen.good,
    refused: seen.refused,
    "good: p50, p99": `${at(seen.times.good, 0.5)}, ${at(seen.times.good, 0.99)}`,
    "refusals: p50, p99": `${at(seen.times.refused, 0.5)}, ${at(seen.times.refused, 0.99)}`,
    "at once, at most": most.work,
    connections: seen.connections,
    "the clients were late by, at most": `${seen.heldUp.toFixed(1)} ms`,
    seed,
  });
  if (seen.goodput < 0.95 * seen.capacity) fault("The goodput is below 95 % of the capacity.");
  if (most.work > 20) fault(`${most.work} ran at once, with a limit of 20.`);
  if (seen.good + seen.refused !== seen.asked) fault(`${seen.asked - seen.good - seen.refused} have no right answer.`);
}

async function underAttack(): Promise<void> {
  for (const attack of attacks) {
    const { headersTimeout, requestTimeout, sendTimeout, lingerTimeout } = times;
    const hardened = {
      times: attack.times ?? { headersTimeout, requestTimeout },
      options: { sendTimeout, lingerTimeout, maxConnections },
    };
    const [bare, hard] = [await attacked(attack, undefined), await attacked(attack, hardened)];
    if (!hard.holds) fault(`${attack.name}: ${hard.what}`);
    console.log(`${attack.name}\n  must hold: ${attack.must}\n  bare:      ${bare.what}\n  hardened:  ${hard.what}`);
  }
}

/** Each attack has its own server. */
async function attacked(attack: Attack, hardened: Made["hardened"]) {
  await using served = await serve({ permits, work: 10, hardened });
  const seen = await attack.run(served);
  if (hardened === undefined || (await isAtRest(served))) return seen;
  return { what: `${seen.what}; NOT AT REST afterwards`, holds: false };
}
