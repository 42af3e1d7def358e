import { gate } from "@sluice/core";
import type { Sentence } from "../../src/contract/promises/promises.ts";
import type { CheckOptions, MakeLayer } from "../../src/contract/index.ts";
import { BrokenGate, type Faults } from "./broken-gate.ts";

/** A layer that breaks one sentence of the contract. */
export type BrokenLayer = readonly [sentence: Sentence, what: string, make: MakeLayer, options?: CheckOptions];

/** What fails on purpose. */
export const boom: Error = new Error("boom");

/** A gate with faults, as a layer. */
export const own =
  (max: number, faults: Faults): MakeLayer =>
  () =>
    gate(new BrokenGate(max, faults), { name: "own" });
