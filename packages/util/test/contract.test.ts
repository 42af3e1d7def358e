import { type AnyLayer, identity, serviceFn } from "@sluice/core";
import { checkContract, type CheckOptions } from "@sluice/testing";
import { expect, test } from "vitest";
import {
  andThen,
  either,
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
const wrong = 5 as never;

test.each<readonly [name: string, make: () => AnyLayer, options: CheckOptions]>([
  ["mapRequest", () => mapRequest(same), { badOptions: [() => mapRequest(wrong)] }],
  ["mapResponse", () => mapResponse(same), { badOptions: [() => mapResponse(wrong)] }],
  ["mapFailure", () => mapFailure(same), { badOptions: [() => mapFailure(wrong)] }],
  ["mapResult", () => mapResult(same), { badOptions: [() => mapResult(wrong)] }],
  ["recover", () => recover(OtherError, same), { badOptions: [() => recover(wrong, same)] }],
  ["filter", () => filter(() => true), { badOptions: [() => filter(wrong)] }],
  ["filter, async", () => filter(async () => true), { defers: true }],
  ["andThen, both", () => andThen(second), { badOptions: [() => andThen(wrong)] }],
  ["andThen, late", () => andThen(second, { reserve: "late" }), {}],
  ["either", () => either(true, mapRequest(same), identity()), { badOptions: [() => either(wrong, wrong, wrong)] }],
  ["optional", () => optional(mapRequest(same)), { badOptions: [() => optional(wrong)] }],
])("%s keeps every promise of the contract that applies to it", async (_name, make, options) => {
  const report = await checkContract(make, { runs: 50, ...options });
  expect(report.ok ? "" : String(report)).toBe("");
});
