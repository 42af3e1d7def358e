import { trace } from "@sluice/trace";
import { answer, type Call } from "../harness/calls.ts";
import { inFlight } from "../harness/in-flight.ts";
import type { Question, Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { fusedStack, layered } from "../references/stack.ts";

/** The heap for each of a thousand. */
function idle(name: string, by: Variant["by"], make: () => Promise<() => unknown>): Variant {
  const count = 1_000;
  return {
    name,
    by,
    prepare: async () => {
      const one = await make();
      // The first ones also allocate code and object shapes.
      const few = Array.from({ length: 10 }, () => one());
      return {
        once: async () => {
          const kept: unknown[] = Array.from({ length: count });
          globalThis.gc?.();
          const before = process.memoryUsage().heapUsed;
          for (let index = 0; index < count; index++) kept[index] = one();
          globalThis.gc?.();
          const bytes = (process.memoryUsage().heapUsed - before) / count;
          return kept.length + few.length > count ? { bytes } : {};
        },
      };
    },
  };
}

const busy = 10_000;
/** No timeout must fire. */
const ms = 60_000;
const flying = (name: string, by: Variant["by"], make: (work: Call) => Call | Promise<Call>): Variant =>
  inFlight(name, by, busy, make);

export const question: Question = {
  title: "How much memory does a stack take, idle and at work?",
  about:
    "What the heap holds after a collection, for each stack that has never been called, and for each call in flight through one stack (the promise of its work and its place in an array " +
    "included). A waiter in line: above.",
  groups: [
    {
      title: "An idle stack of five layers",
      columns: [{ figure: "bytes", label: "bytes/stack" }],
      variants: [
        idle("fused by hand", "hand", () => Promise.resolve(() => fusedStack(answer))),
        idle("5 layers", "sluice", () => Promise.resolve(() => layered(answer))),
        idle("5 layers and trace", "sluice", () => Promise.resolve(() => layered(answer, { outside: [trace()] }))),
        idle("cockatiel", "peer", () => peers.idleCockatiel()),
        idle("opossum", "peer", () => peers.idleOpossum(answer)),
      ],
      rounds: 0,
    },
    {
      title: "10,000 calls in flight",
      columns: [
        { figure: "bytes", label: "bytes/call" },
        { figure: "ns", label: "ns/call" },
      ],
      reference: "fused by hand",
      variants: [
        flying("bare", "bare", (work) => work),
        flying("fused by hand", "hand", (work) => fusedStack(work, { max: busy, ms })),
        flying("5 layers", "sluice", (work) => {
          const service = layered(work, { max: busy, ms });
          return (request) => service.call(request);
        }),
        flying("opossum", "peer", (work) => peers.opossum(work, { capacity: busy, ms })),
        flying("cockatiel", "peer", (work) => peers.cockatiel(work, undefined, { max: busy, ms })),
        flying("Effect", "peer", (work) => peers.effect(work, undefined, { max: busy, ms })),
        flying("p-limit, p-retry, p-timeout", "peer", (work) => peers.pAll(work, { max: busy, ms })),
      ],
      rounds: 5,
    },
  ],
};
