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

const longest = 2 ** 31 - 1;

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= longest;
}

/** What can be read, and has members that will do. */
function objects(takes: (value: object) => boolean, edges: readonly unknown[]): DocumentedRange {
  const tried = (value: unknown): boolean => {
    try {
      return Object(value) === value && takes(value as object);
    } catch {
      return false;
    }
  };
  return { takes: tried, edges, optional: false };
}

const ranges = [{ min: 0, max: 0 }, { min: 1, max: longest }, { min: 2, max: 1 }, { min: 1 }, { min: -1, max: 1 }];

export const spread: DocumentedRange = optional(
  either(
    delay,
    objects((value) => {
      const { min, max } = value as { readonly min?: unknown; readonly max?: unknown };
      return typeof value === "object" && isTime(min) && isTime(max) && min <= max;
    }, ranges),
  ),
);

export const header: DocumentedRange = optional({
  takes: (value) => value === false || (typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value)),
  edges: [false, "x-timeout-ms", "X-Left", "", "a b", "a:b", "ä"],
  optional: false,
});

export const answers: DocumentedRange = optional(
  objects(
    (value) => Object.values(value).every((answer) => answer === undefined || typeof answer === "function"),
    [{}, { QUOTA: () => ({ status: 402 }) }, { QUOTA: undefined }, { QUOTA: 5 }],
  ),
);

const headers = objects(
  (value) =>
    Object.entries(value).every(
      ([name, text]) =>
        /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof text === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(text),
    ),
  [{}, { "X-A": "1" }, { "a b": "1" }, { a: "\n" }, { a: 5 }],
);

const extensions = objects((value) => JSON.stringify({ ...value }) !== "", [{}, { a: 1 }, { a: 1n }]);

const rates = objects(
  (value) =>
    typeof value === "function" ||
    ["available", "limit"].every((member) => (value as Record<string, unknown>)[member] === 5),
  [{ available: 5, limit: 5 }, {}],
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
        rate: rates,
        limit: optional(number({ min: 0, infinity: true })),
        interval: optional(span),
        label: text,
      } satisfies Every<RateLimitFieldsOptions>,
    },
    {
      of: "problemResponse",
      base: { status: 503 },
      give: (problem) => problemResponse(problem),
      prefix: "problem.",
      ranges: {
        status: number({ min: 400, max: 599, whole: true }),
        type: text,
        title: text,
        detail: text,
        instance: text,
        retryAfter: optional(delay),
        headers: optional(headers),
        extensions: optional(extensions),
      } satisfies Every<Problem>,
    },
  ],
  without: {
    BodyTooLargeError: "says what it is told",
    isBodyTooLargeError: "answers for any value",
  },
};
