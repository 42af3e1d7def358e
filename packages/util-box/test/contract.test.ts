import { type AnyLayer, layerFn, ServiceBuilder, serviceFn } from "@sluice/core";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { boxLayer, routingTable, steer } from "../src/index.ts";

const other = serviceFn((request: unknown) => request);

test.each<readonly [name: string, make: () => AnyLayer, options: CheckOptions]>([
  [
    "routingTable",
    () =>
      layerFn("routingTable", (inner) =>
        routingTable({
          key: (request) => (request === undefined ? "other" : "inner"),
          routes: new Map([
            ["inner", inner],
            ["other", other],
          ]),
        }),
      ),
    { badOptions: [() => routingTable(5 as never)] },
  ],
  [
    "notFound",
    () => layerFn("notFound", (inner) => routingTable({ key: () => "none", routes: new Map(), notFound: inner })),
    {},
  ],
  [
    "steer",
    () => layerFn("steer", (inner) => steer([other, inner], () => 1)),
    { badOptions: [() => steer([], 5 as never)] },
  ],
  [
    "boxLayer",
    () => boxLayer(layerFn("nothing", (inner) => new ServiceBuilder().service(inner))),
    { badOptions: [() => boxLayer(5 as never)] },
  ],
])("%s keeps every promise of the contract that applies to it", async (_name, make, options) => {
  const report = await checkContract(make, { observes: true, runs: 50, ...options });
  expect(report.ok ? "" : String(report)).toBe("");
});
