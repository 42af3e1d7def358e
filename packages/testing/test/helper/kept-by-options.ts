import { gate, Semaphore } from "@sluice/core";
import type { CheckOptions, MakeLayer, PromiseNumber } from "../../src/contract/index.ts";
import { LateLimit, warming } from "./late-capacity.ts";
import { NewestFirst } from "./newest-first.ts";
import { OwingGate } from "./refusing-gate.ts";
import { remembering } from "./remembering.ts";
import { stacked } from "./stacked.ts";
import { fallback } from "./unusual-layers.ts";

/**
 * Layers that keep every promise, in a way that `checkContract` must be told of: with `options` nobody is accused, and without them
 * `otherwise` is what becomes of one promise.
 */
export type KeptByOptions = readonly [
  what: string,
  make: MakeLayer,
  options: CheckOptions,
  otherwise: readonly [PromiseNumber, "broken" | "not applicable"],
];

export const keptByOptions: readonly KeptByOptions[] = [
  [
    "a limit that serves the last to come first",
    ({ clock }) => new Semaphore(2, { clock, line: (serve) => new NewestFirst(serve) }),
    { orders: true },
    [4, "broken"],
  ],
  [
    "a cache that lets others wait for what it knows meanwhile",
    () => remembering(),
    { answers: true },
    // Chance seldom shows what it is accused of otherwise: harness.test.ts does.
    [14, "not applicable"],
  ],
  [
    "a layer that answers where another refuses",
    () => stacked(fallback(), gate(new OwingGate(3), { name: "owing" })),
    { answers: true },
    [4, "broken"],
  ],
  ["a layer that connects when it is first needed", () => warming(), { warms: true }, [3, "broken"]],
  ["a layer that takes a while for that", ({ clock }) => warming(clock), { warms: true }, [11, "not applicable"]],
  [
    "a limit whose places arrive in the background",
    ({ clock }) => new LateLimit(2, clock),
    { ready: (limit: LateLimit) => limit.arrived },
    [11, "not applicable"],
  ],
];
