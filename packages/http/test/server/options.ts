import { ServiceBuilder, serviceFn } from "@sluice/core";
import {
  aBoolean,
  aClock,
  aFunction,
  aName,
  delay,
  type DocumentedRange,
  either,
  type Every,
  number,
  only,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";
import {
  answerFailures,
  type AnswerFailuresOptions,
  type FetchEdgeOptions,
  guard,
  isReady,
  limitBody,
  type LimitBodyOptions,
  type Problem,
  problemResponse,
  rateLimitFields,
  type RateLimitFieldsOptions,
  toFetchHandler,
  untilBodyEnds,
  type UntilBodyEndsOptions,
} from "@sluice/http";

const service = serviceFn(async (_request: Request) => new Response());
const aService = withMethods(service, "tryReady", "ready", "call");
const stack = new ServiceBuilder();
const aStack = withMethods(stack, "serviceFn");
const handler = (): Response => new Response();

export const spread: DocumentedRange = optional(
  either(
    delay,
    only(
      [
        { min: 0, max: 0 },
        { min: 1, max: 5_000 },
      ],
      [{ min: 2, max: 1 }, { min: 1 }, { min: -1, max: 1 }],
    ),
  ),
);
export const header: DocumentedRange = optional(
  only(
    [
      false,
      "x-timeout-ms",
      "X-Left",
      "full",
      "both",
      "NaN",
      "info",
      "constructor",
      "__proto__",
      "5",
      "x".repeat(1_000),
    ],
    ["", "a b"],
  ),
);
export const answers: DocumentedRange = optional(
  only([{}, { QUOTA: () => ({ status: 402 }) }, { QUOTA: undefined }], [5, "x", null, { QUOTA: 5 }]),
);

const edge = {
  wait: optional(aBoolean),
  timeoutHeader: header,
  retryAfter: spread,
  onError: optional(aFunction),
  clock: optional(aClock),
  answers,
  waitUntil: optional(aFunction),
  Response: optional(aFunction),
} satisfies Every<FetchEdgeOptions & { readonly answers: object }>;

const text = optional(aName);
const available = { available: 1, limit: 5, interval: 1_000 };

export const serverOptions: OptionTable = {
  parameters: [
    {
      of: "toFetchHandler",
      option: "service",
      range: aService,
      give: (each) => toFetchHandler(each as typeof service),
    },
    { of: "guard", option: "stack", range: aStack, give: (each) => guard(each as typeof stack, handler) },
    { of: "guard", option: "handler", range: aFunction, give: (each) => guard(stack, each as typeof handler) },
    { of: "isReady", option: "service", range: aService, give: (each) => isReady(each) },
    { of: "limitBody", option: "bytes", range: number({ min: 0, whole: true }), give: (bytes) => limitBody(bytes) },
    { of: "answerFailures", option: "answers", range: answers, give: (each) => answerFailures(each) },
  ],
  objects: [
    { of: "toFetchHandler", base: {}, give: (options) => toFetchHandler(service, options), ranges: edge },
    { of: "guard", base: {}, give: (options) => guard(stack, handler, options), ranges: edge },
    {
      of: "answerFailures",
      base: {},
      give: (options) => answerFailures({}, options),
      ranges: {
        wait: optional(aBoolean),
        retryAfter: spread,
        Response: optional(aFunction),
        label: text,
      } satisfies Every<AnswerFailuresOptions>,
    },
    {
      of: "limitBody",
      base: {},
      give: (options) => limitBody(1, options),
      ranges: { label: text } satisfies Every<LimitBodyOptions>,
    },
    {
      of: "untilBodyEnds",
      base: {},
      give: (options) => untilBodyEnds(options),
      ranges: { sent: optional(aFunction), label: text } satisfies Every<UntilBodyEndsOptions>,
    },
    {
      of: "rateLimitFields",
      base: { rate: available },
      give: (options) => rateLimitFields(options),
      ranges: {
        name: text,
        rate: either(aFunction, only([available], [{}, 5, null, "x"])),
        limit: optional(number({ min: 0, infinity: true })),
        interval: optional(span),
        label: text,
      } satisfies Every<RateLimitFieldsOptions>,
    },
    {
      of: "problemResponse",
      base: { status: 503 },
      give: (problem) => problemResponse(problem),
      ranges: {
        status: number({ min: 400, max: 599, whole: true }),
        type: text,
        title: text,
        detail: text,
        instance: text,
        retryAfter: optional(delay),
        headers: optional(only([{}, { "X-A": "1" }], [5, "x", null, { "a b": "1" }, { a: "\n" }, { a: 5 }])),
        extensions: optional(only([{}, { a: 1 }], [5, "x", null, { a: 1n }])),
      } satisfies Every<Problem>,
    },
  ],
  without: {
    BodyTooLargeError: "says what it is told",
    isBodyTooLargeError: "answers for any value",
  },
};
