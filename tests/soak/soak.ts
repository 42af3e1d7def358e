import { getEventListeners } from "node:events";
import { parseArgs } from "node:util";
import { world } from "./world.ts";

// node --expose-gc tests/soak/soak.ts [--operations N] [--seed N] [--quick]
const { values } = parseArgs({
  options: { operations: { type: "string" }, seed: { type: "string" }, quick: { type: "boolean" } },
});
const operations = Number(values.operations ?? (values.quick ? 20_000 : 1_000_000));
const seed = Number(values.seed ?? 1);
if (!Number.isInteger(operations) || operations < 1 || !Number.isInteger(seed)) {
  throw new RangeError(`soak: --operations and --seed are whole numbers, not ${values.operations}, ${values.seed}`);
}
if (globalThis.gc === undefined) throw new Error("soak: run node with --expose-gc");
const collect = globalThis.gc;

/** Park and Miller's generator: the same load for the same seed. */
let state = (Math.abs(seed) % 2_147_483_646) + 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return (state - 1) / 2_147_483_646;
}

const faults: string[] = [];
process.on("unhandledRejection", (reason) => faults.push(`unhandled: ${String(reason)}`));

const { clock, services, release, held } = world(random);
const forever = new AbortController();
const tally = { answered: 0, failed: 0 };
const inFlight = new Set<AbortController>();
const batch = 10;
const heaps: number[] = [];

function operate(request: number): void {
  const own = new AbortController();
  const signal = random() < 0.5 ? forever.signal : own.signal;
  if (random() < 0.05) own.abort();
  const service = services[request % services.length]!;
  inFlight.add(own);
  service
    .call(request, { signal })
    .then(
      () => void tally.answered++,
      () => void tally.failed++,
    )
    .finally(() => inFlight.delete(own));
}

async function rest(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    release();
    await clock.advanceAsync(1_000);
  }
}

for (let done = 0; done < operations;) {
  for (const end = Math.min(done + batch, operations); done < end; done++) operate(done + Math.floor(random() * 2));
  await clock.advanceAsync(random() * 80);
  for (const own of inFlight) if (random() < 0.1) own.abort();
  if (random() < 0.05) release();
  if (Math.floor(done / (operations / 10)) > heaps.length) {
    await rest();
    collect();
    heaps.push(process.memoryUsage().heapUsed);
  }
}
await rest();
// A macrotask, so that unhandled rejections have been reported.
await new Promise((resolve) => setImmediate(resolve));

const settled = tally.answered + tally.failed;
if (settled !== operations) faults.push(`${settled} of ${operations} operations settled`);
for (const [name, count] of Object.entries(held())) if (count !== 0) faults.push(`${name}: ${count}`);
const listeners = getEventListeners(forever.signal, "abort").length;
if (listeners > 0) faults.push(`listeners on a long-lived signal: ${listeners}`);
const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate");
if (timers.length > 0) faults.push(`active: ${timers.join(", ")}`);
// The first tenths fill caches and compile.
const grown = heaps.length < 4 ? 0 : heaps.at(-1)! - heaps[2]!;
if (grown > 2_000_000) faults.push(`the heap grew by ${grown} bytes`);
console.table({ seed, operations, ...tally, "heap growth, bytes": grown, faults: faults.length });
for (const fault of faults.slice(0, 20)) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
