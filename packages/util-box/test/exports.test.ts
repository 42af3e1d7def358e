import { expect, test } from "vitest";
import * as utilBoxPackage from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(utilBoxPackage).sort()).toEqual([
    "RouteNotFoundError",
    "boxLayer",
    "boxed",
    "isRouteNotFoundError",
    "routingTable",
    "steer",
  ]);
});
