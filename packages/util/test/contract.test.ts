import { type AnyLayer, gate, identity, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import {
  andThen,
  either,
  fallback,
  filter,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional,
  recover,
} from "../src/index.ts";

class OtherError extends Error {}

const same = <T>(value: T): T => value;
const second = serviceFn(same);
const limited = () => new ServiceBuilder().layer(gate(new Semaphore(2), { name: "two" })).serviceFn(same);
const wrong = 5 as never;

test.each<readonly [name: string, make: () => AnyLayer, options: CheckOptions]>([
  ["mapRequest", () => mapRequest(same), { observes: true, badOptions: [() => mapRequest(wrong)] }],
  ["mapResponse", () => mapResponse(same), { badOptions: [() => mapResponse(wrong)] }],
  ["mapFailure", () => mapFailure(same), { badOptions: [() => mapFailure(wrong)] }],
  ["mapResult", () => mapResult(same), { badOptions: [() => mapResult(wrong)] }],
  ["recover", () => recover(OtherError, same), { badOptions: [() => recover(wrong, same)] }],
  ["filter", () => filter(() => true), { observes: true, badOptions: [() => filter(wrong)] }],
  ["filter, async", () => filter(async () => true), { defers: true }],
  ["andThen, both", () => andThen(second), { badOptions: [() => andThen(wrong)] }],
  ["andThen, both, where the second has a limit", () => andThen(limited()), {}],
  ["andThen, late, where the second has a limit", () => andThen(limited(), { reserve: "late" }), {}],
  ["andThen, late", () => andThen(second, { reserve: "late" }), {}],
  [
    "either",
    () => either(true, mapRequest(same), identity()),
    { observes: true, badOptions: [() => either(wrong, wrong, wrong)] },
  ],
  [
    "fallback",
    () => fallback({ to: second }),
    { answers: true, runs: schedules(3_000), badOptions: [() => fallback(wrong)] },
  ],
  ["fallback, where the other has a limit", () => fallback({ to: limited() }), { answers: true, runs: 300 }],
  ["fallback, not when it is full", () => fallback({ to: limited(), whenFull: false }), { answers: true, runs: 300 }],
  ["optional", () => optional(mapRequest(same)), { observes: true, badOptions: [() => optional(wrong)] }],
])("%s keeps every promise of the contract that applies to it", async (_name, make, options) => {
  const report = await checkContract(make, { runs: 50, ...options });
  expect(report.ok ? "" : String(report)).toBe("");
});
