import {
  aFunction,
  aName,
  anArray,
  anObject,
  aRecord,
  aClock,
  type Every,
  oneOf,
  only,
  optional,
  type OptionTable,
  slots,
  withMethods,
} from "@sluice/test-kit";
import {
  type About,
  gate,
  type GateOptions,
  identity,
  layerFn,
  madeOf,
  middleware,
  Semaphore,
  type SemaphoreOptions,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { Line } from "@sluice/core/kit";
import { detectLeaks, type LeakOptions } from "@sluice/core/leaks";

const run = (): number => 1;
const service = serviceFn(run);
const layer = identity();
const semaphore = new Semaphore(1);

const aService = withMethods(service, "tryReady", "ready", "call");
const aLayer = withMethods(layer, "wrap");
const aLine = only([(serve: () => void) => new Line(serve)], [5, "x", null, {}]);

export const optionTable: OptionTable = {
  parameters: [
    {
      of: "gate",
      option: "gate",
      range: withMethods(semaphore, "tryAcquire", "acquire"),
      give: (policy) => gate(policy, { name: "x" }),
    },
    { of: "Semaphore", option: "max", range: slots, give: (max) => new Semaphore(max) },
    { of: "Semaphore", option: "max", range: slots, give: (max) => Object.assign(new Semaphore(1), { max }) },
    { of: "layerFn", option: "name", range: aName, give: (name) => layerFn(name, (inner) => inner) },
    { of: "layerFn", option: "wrap", range: aFunction, give: (wrap) => layerFn("x", wrap) },
    {
      of: "layerFn",
      option: "state",
      range: optional(anObject),
      give: (state) => layerFn("x", (inner) => inner, state),
    },
    {
      of: "layerFn",
      option: "the service inside",
      range: aService,
      give: (inner) => layerFn("layerFn", (given) => given).wrap(inner),
    },
    {
      of: "layerFn",
      option: "what wrap returns",
      range: aService,
      give: (outer) => layerFn("layerFn", () => outer).wrap(service),
    },
    {
      of: "madeOf",
      option: "service",
      range: aService,
      give: (made) => madeOf(made, { name: "x", branches: () => [] }),
    },
    { of: "madeOf", option: "parts", range: anObject, give: (made) => madeOf(service, made) },
    { of: "middleware", option: "name", range: aName, give: (name) => middleware(name, run) },
    { of: "middleware", option: "handler", range: aFunction, give: (handler) => middleware("x", handler) },
    { of: "serviceFn", option: "handler", range: aFunction, give: (handler) => serviceFn(handler) },
    {
      of: "ServiceBuilder",
      option: "layer",
      range: optional(aLayer),
      give: (each) => new ServiceBuilder().layer(each),
    },
    {
      of: "ServiceBuilder",
      option: "service",
      range: aService,
      give: (inner) => new ServiceBuilder().service(inner),
    },
  ],
  objects: [
    {
      of: "gate",
      base: { name: "x" },
      give: (options) => gate(semaphore, options),
      ranges: {
        name: aName,
        until: optional(aFunction),
        label: optional(aName),
        traits: optional(anArray(0)),
        facts: optional(aRecord),
      } satisfies Every<GateOptions>,
    },
    {
      of: "gate",
      prefix: "gate.",
      mayBeLeftOut: false,
      base: { tryAcquire: run, acquire: run },
      give: (policy) => gate(policy, { name: "x" }),
      ranges: {
        retryAfter: optional(aFunction),
        admitted: optional(aFunction),
        holds: optional(oneOf("work", "answer", "start")),
      },
    },
    ...(["layerFn", "middleware"] as const).map((of) => ({
      of,
      base: {},
      give: (about: About) =>
        of === "layerFn" ? layerFn("x", (inner) => inner, undefined, about) : middleware("x", run, about),
      ranges: {
        label: optional(aName),
        traits: optional(anArray(0)),
        facts: optional(aRecord),
      } satisfies Every<About>,
    })),
    {
      of: "Semaphore",
      base: {},
      give: (options) => new Semaphore(1, options),
      ranges: { clock: optional(aClock), line: optional(aLine) } satisfies Every<SemaphoreOptions>,
    },
    {
      of: "ServiceBuilder",
      mayBeLeftOut: true,
      prefix: "layer.",
      base: { name: "x", wrap: run },
      give: (each) => new ServiceBuilder().layer(each),
      ranges: { name: aName },
    },
  ],
  without: {
    identity: "takes nothing",
    raises: "takes nothing",
    takeRefusal: "takes nothing",
    refuse: "hands on what a gate says about itself, where a throw would be a failure of readiness",
    Service: "is abstract, and takes nothing",
    OverloadedError: "carries what it is given",
    PermitSpentError: "takes nothing",
    isOverloadedError: "answers for any value",
    isRefusal: "answers for any value",
    partsOf: "answers undefined for what it does not know",
    isPermitSpentError: "answers for any value",
  },
};

export const leaksOptionTable: OptionTable = {
  entry: "leaks",
  objects: [
    {
      of: "detectLeaks",
      base: {},
      give: (options) => {
        detectLeaks(options)();
      },
      ranges: { report: optional(aFunction) } satisfies Every<LeakOptions>,
    },
  ],
};
