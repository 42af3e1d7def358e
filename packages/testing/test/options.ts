import {
  aBoolean,
  aFunction,
  anArray,
  type DocumentedRange,
  type Every,
  finite,
  longest,
  number,
  only,
  optional,
  type OptionTable,
  revoked,
  slots,
} from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";

const run = (): number => 1;

/** Accepted options make `make` throw, long before anything is checked. */
class Accepted extends Error {}

async function checking(options: unknown): Promise<void> {
  const make = (): never => {
    throw new Accepted();
  };
  await checkContract(make, options as object).catch((error: unknown) => {
    if (!(error instanceof Accepted)) throw error;
  });
}

export const optionTable: OptionTable = {
  parameters: [
    { of: "mockService", option: "allow", range: slots, give: (allowed) => mockService()[1].allow(allowed) },
    { of: "VirtualClock", option: "start", range: optional(finite), give: (start) => new VirtualClock(start) },
    { of: "VirtualClock", option: "ms", range: number({ min: 0 }), give: (ms) => new VirtualClock().advance(ms) },
    {
      of: "VirtualClock",
      option: "ms",
      range: number({ min: 0 }),
      give: (ms) => new VirtualClock().advanceAsync(ms),
    },
    { of: "VirtualClock", option: "ms", range: finite, give: (ms) => new VirtualClock().jump(ms) },
    { of: "VirtualClock", option: "ms", range: finite, give: (ms) => new VirtualClock().setTimeout(run, ms) },
    {
      of: "VirtualClock",
      option: "run",
      range: aFunction,
      give: (each) => new VirtualClock().setTimeout(each, 1),
    },
  ],
};

export const contractOptionTable: OptionTable = {
  entry: "contract",
  parameters: [{ of: "checkContract", option: "make", range: only([]), give: checkContract, except: isFunction }],
  objects: [
    {
      of: "checkContract",
      // There is no path without one.
      base: { seed: 1 },
      give: checking,
      ranges: {
        requests: optional(anArray(1)),
        responses: optional(anArray(1)),
        badOptions: optional(listsOfBadOptions()),
        absorbs: optional(aBoolean),
        joins: optional(aBoolean),
        observes: optional(aBoolean),
        defers: optional(aBoolean),
        orders: optional(aBoolean),
        answers: optional(aBoolean),
        warms: optional(aBoolean),
        ready: optional(aFunction),
        runs: optional(number({ min: 1, whole: true })),
        seed: optional(number({ min: -(2 ** 31), max: longest, whole: true })),
        path: optional(paths()),
      } satisfies Every<CheckOptions>,
    },
  ],
};

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function listsOfBadOptions(): DocumentedRange {
  const refused = (): never => {
    throw new TypeError("x: max must be a number; received null");
  };
  const good = [[], [refused], [{ option: "max", value: null, make: refused }]];
  const wrong = [[5], [null], [undefined], [{ option: "max", value: 1 }], [{ value: 1, make: run }], [revoked()]];
  return {
    takes: (value) => isEmptyArray(value) || good.includes(value as never[]),
    edges: [...good, ...wrong],
    optional: false,
  };
}

/** Numbers between colons. */
function paths(): DocumentedRange {
  const good = ["0", "5", "12:0:3"];
  const wrong = [":", "1:", ":1", "1::2", "1:x", "-1", "1.5", " 1", "1:0\n"];
  return { takes: (value) => good.includes(value as string), edges: [...good, ...wrong], optional: false };
}

function isEmptyArray(value: unknown): boolean {
  try {
    return Array.isArray(value) && value.length === 0;
  } catch {
    return false;
  }
}
