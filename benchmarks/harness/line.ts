import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import * as peers from "../peers/peers.ts";
import { limitByHand } from "../references/limit.ts";
import { answer, type Call } from "./calls.ts";
import type { Column, Goal, Group, Subject, Variant } from "./question.ts";

const columns: readonly Column[] = [
  { figure: "ns", label: "ns/caller" },
  { figure: "bytes", label: "bytes/waiter" },
];

/** All callers come at the same time and wait; all are served. */
function burst(name: string, by: Variant["by"], count: number, make: () => Call | Promise<Call>): Variant {
  const all = async (call: Call): Promise<number> => {
    const answers: Promise<unknown>[] = Array.from({ length: count });
    const begin = performance.now();
    for (let index = 0; index < count; index++) answers[index] = call(index);
    for (const each of answers) await each;
    return ((performance.now() - begin) * 1e6) / count;
  };
  const prepare = async (): Promise<Subject> => {
    const call = await make();
    const warmUp = async (calls: number, ms: number): Promise<void> => {
      const begin = performance.now();
      for (let served = 0; served < calls && performance.now() - begin < ms; served += count) await all(call);
    };
    // Warms up until the code is optimized.
    await warmUp(500_000, 3_000);
    return {
      round: async () => {
        globalThis.gc?.();
        // While other processes ran, this one has released pages of its heap. The time to get them again is not a cost of the line.
        if (count < 1_000_000) await warmUp(200_000, 300);
        let ns = 0;
        const times = Math.max(1, Math.ceil(20_000 / count));
        for (let time = 0; time < times; time++) ns += (await all(call)) / times;
        return { ns };
      },
      // The heap while all wait, including the promise and its place in an array.
      once: async () => {
        const answers: Promise<unknown>[] = Array.from({ length: count });
        globalThis.gc?.();
        const before = process.memoryUsage().heapUsed;
        for (let index = 0; index < count; index++) answers[index] = call(index);
        globalThis.gc?.();
        const bytes = (process.memoryUsage().heapUsed - before) / count;
        for (const each of answers) await each;
        return { bytes };
      },
    };
  };
  return { name, by, prepare };
}

function limited(signal?: AbortSignal): Call {
  const service = new ServiceBuilder().layer(concurrencyLimit(10)).serviceFn(answer);
  return signal === undefined ? (request) => service.call(request) : (request) => service.call(request, { signal });
}

/** A burst of `count` callers, in each variant. */
export function inLine(count: number): Group {
  const all = [
    burst("ring by hand", "hand", count, () => limitByHand(answer, 10)),
    burst("concurrencyLimit", "sluice", count, () => limited()),
    burst("concurrencyLimit, one signal", "sluice", count, () => limited(new AbortController().signal)),
    burst("async-sema", "peer", count, () => peers.asyncSema(answer)),
    burst("fastq", "peer", count, () => peers.fastq(answer)),
    burst("p-limit", "peer", count, () => peers.pLimit(answer)),
    burst("p-queue", "peer", count, () => peers.pQueue(answer)),
  ];
  // These libraries search or move their line at every step.
  const slow = [
    burst("cockatiel bulkhead", "peer", count, () => peers.cockatiel(answer, "bulkhead")),
    burst("Effect semaphore", "peer", count, () => peers.effect(answer, "semaphore")),
  ];
  const few = count === 1_000_000;
  const goals: Goal[] = [
    { of: "concurrencyLimit", figure: "ns", to: "ring by hand", most: 2 },
    { of: "concurrencyLimit", figure: "bytes", to: "ring by hand", most: 1.4 },
    { of: "concurrencyLimit", figure: "bytes", most: 450 },
  ];
  if (count === 10_000) goals.push({ of: "concurrencyLimit", figure: "ns", to: "async-sema", most: 1 });
  return {
    title: `${count.toLocaleString("en")} come at once, 10 are let in`,
    columns,
    reference: "ring by hand",
    variants: few ? all.filter(({ name }) => !/^p-|signal/.test(name)) : count <= 10_000 ? [...all, ...slow] : all,
    goals,
    rounds: few ? 3 : 7,
  };
}
