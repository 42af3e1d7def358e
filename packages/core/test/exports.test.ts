import { expect, test } from "vitest";
import * as core from "../src/index.ts";
import * as internal from "../src/internal.ts";
import * as kit from "../src/kit.ts";
import * as leaks from "../src/leaks.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(core).sort()).toEqual([
    "OverloadedError",
    "PermitSpentError",
    "Semaphore",
    "Service",
    "ServiceBuilder",
    "events",
    "gate",
    "identity",
    "isOverloadedError",
    "isPermitSpentError",
    "isRefusal",
    "layerFn",
    "madeOf",
    "middleware",
    "partsOf",
    "raises",
    "refuse",
    "serviceFn",
    "systemClock",
    "takeRefusal",
  ]);
});

test("the tools of whoever writes a layer are an entry point of their own", () => {
  expect(Object.keys(kit).sort()).toEqual([
    "Alarm",
    "Deadline",
    "Deadlines",
    "Line",
    "LinkedList",
    "LinkedNode",
    "SluiceError",
    "SteadyTime",
    "abortReason",
    "abortWith",
    "brand",
    "callLayer",
    "classified",
    "dispose",
    "failureCode",
    "holdLayer",
    "isBranded",
    "isGivenUp",
    "isOwnAbort",
    "isTimeout",
    "keepRequest",
    "listen",
    "longestTimer",
    "nearestRank",
    "otherFailure",
    "ownController",
    "permit",
    "processWide",
    "promiseOf",
    "readOption",
    "readOptions",
    "recoverReadiness",
    "report",
    "requireAbout",
    "requireArray",
    "requireBoolean",
    "requireClock",
    "requireDuration",
    "requireFunction",
    "requireLabel",
    "requireLine",
    "requireMethods",
    "requireName",
    "requireNear",
    "requireNoPromise",
    "requireNumber",
    "requireObject",
    "requireOneOf",
    "requireService",
    "runOutside",
    "show",
    "startObserved",
    "tell",
    "throwIfAborted",
    "timeOf",
    "timerTolerance",
    "unlisten",
    "verdictByDefault",
  ]);
});

test("what our packages share is apart from that", () => {
  expect(Object.keys(internal).filter((name) => name in core || name in kit)).toEqual([]);
});

test("the detection of leaks is an entry point of its own", () => {
  expect(Object.keys(leaks)).toEqual(["detectLeaks"]);
});
