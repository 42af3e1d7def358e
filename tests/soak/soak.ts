import { parseArgs } from "node:util";
import { systemClock } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { seed as anySeed } from "@sluice/test-kit";
import { generator, type Load } from "./load.ts";
import { resources, slope } from "./measure.ts";
import { play, type Tally } from "./play.ts";

// node --expose-gc tests/soak/soak.ts [--operations N] [--seed N] [--quick]
const { values } = parseArgs({
  options: { operations: { type: "string" }, seed: { type: "string" }, quick: { type: "boolean" } },
});
const operations = Number(values.operations ?? (values.quick ? 20_000 : 1_000_000));
const seed = values.seed === undefined ? anySeed : Number(values.seed);
if (!Number.isInteger(operations) || operations < 1 || !Number.isInteger(seed)) {
  throw new RangeError(`soak: --operations and --seed are whole numbers, not ${values.operations}, ${values.seed}`);
}
if (globalThis.gc === undefined) throw new Error("soak: run node with --expose-gc");
const collect = globalThis.gc;

const faults = new Map<string, number>();
process.on("unhandledRejection", (reason) => faults.set(`unhandled: ${String(reason)}`, 1));
// A macrotask, so that unhandled rejections have been reported.
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const active = resources();

function onVirtualTime(count: number, checkpoint: (done: number) => void): Promise<Tally> {
  const clock = new VirtualClock();
  const load: Load = { clock, random: generator(seed), pace: 1, tolerance: 1e-6, faults };
  return play({ load, operations: count, batch: 10, rests: 10, wait: (ms) => clock.advanceAsync(ms), checkpoint });
}

/** Shorter times, so that it ends in seconds. Here a seed repeats the load, but not the outcomes. */
function onRealTime(count: number): Promise<Tally> {
  const load: Load = { clock: systemClock, random: generator(seed), pace: 0.1, tolerance: 2, faults };
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
  return play({ load, operations: count, batch: 20, rests: 2, wait, checkpoint() {} });
}

const began = performance.now();
const heaps: [operations: number, bytes: number][] = [];
const tally = await onVirtualTime(operations, (done) => {
  collect();
  heaps.push([done, process.memoryUsage().heapUsed]);
});
const virtualSeconds = (performance.now() - began) / 1_000;
const real = await onRealTime(Math.ceil(operations / (values.quick ? 100 : 50)));
const realSeconds = (performance.now() - began) / 1_000 - virtualSeconds;

const again = Math.min(operations, 4_000);
const twice = [await onVirtualTime(again, () => {}), await onVirtualTime(again, () => {})];
if (JSON.stringify(twice[0]) !== JSON.stringify(twice[1])) faults.set("the same seed gave other counts", 1);
for (const [what, count] of Object.entries(tally)) {
  if (count === 0 && operations >= 20_000) faults.set(`${what}: not one, so that nothing was seen of it`, 1);
}
await macrotask();
for (const name of active()) faults.set(`active: ${name}`, 1);
// The first operations fill caches and compile code. In a shorter run this weighs more, and only a large leak is detected.
const growth = 1_000 * slope(heaps.slice(4));
const most = operations < 1_000_000 ? 20_000 : 500;
if (growth > most) faults.set(`the heap grows by ${Math.round(growth)} bytes in 1,000 operations; at most ${most}`, 1);

const all = Object.keys({ ...tally, ...real });
console.table(Object.fromEntries(all.map((what) => [what, { "virtual time": tally[what], "real time": real[what] }])));
console.table(heaps.map(([done, heap]) => ({ operations: done, "heap, bytes": heap })));
console.log({
  seed,
  operations,
  seconds: { virtual: virtualSeconds.toFixed(1), real: realSeconds.toFixed(1) },
  "heap growth, bytes in 1,000 operations": Math.round(growth),
  faults: faults.size,
});
for (const [what, count] of [...faults].slice(0, 20)) console.error(`${what} (${count})`);
process.exitCode = faults.size > 0 ? 1 : 0;
