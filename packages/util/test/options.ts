import { identity, serviceFn } from "@sluice/core";
import {
  aBoolean,
  aClock,
  aFunction,
  aName,
  type DocumentedRange,
  type Every,
  number,
  oneOf,
  only,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";
import {
  andThen,
  type AndThenOptions,
  callAll,
  type CallAllOptions,
  either as eitherLayer,
  fallback,
  type FallbackOptions,
  filter,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional as optionalLayer,
  recover,
} from "@sluice/util";

const run = (): number => 1;
const service = serviceFn(run);
const layer = identity();

const aService = withMethods(service, "tryReady", "ready", "call");
const aLayer = withMethods(layer, "wrap");

export const optionTable: OptionTable = {
  parameters: [
    { of: "mapRequest", option: "map", range: aFunction, give: (map) => mapRequest(map) },
    { of: "mapResponse", option: "map", range: aFunction, give: (map) => mapResponse(map) },
    { of: "mapFailure", option: "map", range: aFunction, give: (map) => mapFailure(map) },
    { of: "mapResult", option: "map", range: aFunction, give: (map) => mapResult(map) },
    { of: "recover", option: "failure", range: aFunction, give: (failure) => recover(failure, run) },
    { of: "recover", option: "answer", range: aFunction, give: (answer) => recover(Error, answer) },
    { of: "filter", option: "predicate", range: aFunction, give: (predicate) => filter(predicate) },
    { of: "andThen", option: "second", range: aService, give: (second) => andThen(second) },
    {
      of: "either",
      option: "condition",
      range: aBoolean,
      give: (condition) => eitherLayer(condition, layer, layer),
    },
    { of: "either", option: "a", range: aLayer, give: (a) => eitherLayer(false, a, layer) },
    { of: "either", option: "b", range: aLayer, give: (b) => eitherLayer(true, layer, b) },
    { of: "optional", option: "layer", range: optional(aLayer), give: (each) => optionalLayer(each) },
    { of: "callAll", option: "service", range: aService, give: (each) => callAll(each, []) },
    { of: "callAll", option: "requests", range: iterables(), give: (requests) => callAll(service, requests) },
  ],
  objects: [
    {
      of: "andThen",
      base: {},
      give: (options) => andThen(service, options),
      ranges: { reserve: optional(oneOf("both", "late")) } satisfies Every<AndThenOptions>,
    },
    {
      of: "fallback",
      base: { to: service },
      give: (options) => fallback(options),
      ranges: {
        to: aService,
        when: optional(aFunction),
        whenFull: optional(aBoolean),
        label: optional(aName),
      } satisfies Every<FallbackOptions<typeof service>>,
    },
    {
      of: "callAll",
      base: {},
      give: (options) => callAll(service, [], options),
      ranges: {
        ordered: optional(aBoolean),
        maxAhead: optional(number({ min: 1, whole: true, infinity: true })),
        clock: optional(aClock),
      } satisfies Every<CallAllOptions>,
    },
    {
      of: "callAll",
      base: { ordered: false },
      give: (options) => callAll(service, [], options),
      // All are in their turn.
      ranges: { maxAhead: optional(only([])) } satisfies Every<Pick<CallAllOptions, "maxAhead">>,
    },
  ],
  without: {
    FilteredError: "takes nothing",
    isFilteredError: "answers for any value",
  },
};

function iterables(): DocumentedRange {
  const throwing = {
    get [Symbol.asyncIterator](): never {
      throw new Error("not to be read");
    },
  };
  const wrong = [{ [Symbol.iterator]: 5 }, { [Symbol.asyncIterator]: {} }, throwing];
  const edges = [[], "text", new Set(), (async function* () {})(), ...wrong];
  const takes = (value: unknown): boolean => {
    try {
      const given = Object(value) as AsyncIterable<unknown> & Iterable<unknown>;
      return typeof (given[Symbol.asyncIterator] ?? given[Symbol.iterator]) === "function";
    } catch {
      return false;
    }
  };
  return { takes, edges, optional: false };
}
