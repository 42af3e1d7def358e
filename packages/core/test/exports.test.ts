import { expect, test } from "vitest";
import * as core from "../src/index.ts";
import * as internal from "../src/internal.ts";
import * as leaks from "../src/leaks.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(core).sort()).toEqual([
    "OverloadedError",
    "PermitSpentError",
    "Semaphore",
    "Service",
    "ServiceBuilder",
    "gate",
    "identity",
    "isOverloadedError",
    "isPermitSpentError",
    "layerFn",
    "middleware",
    "raises",
    "refuse",
    "serviceFn",
    "systemClock",
    "takeRefusal",
  ]);
});

test("what our packages share is apart from that", () => {
  expect(Object.keys(internal).filter((name) => name in core)).toEqual([]);
});

test("the detection of leaks is an entry point of its own", () => {
  expect(Object.keys(leaks)).toEqual(["detectLeaks"]);
});
