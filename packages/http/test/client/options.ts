import {
  failOnStatus,
  type FailOnStatusOptions,
  fetchService,
  type FetchServiceOptions,
  httpClient,
  type HttpClientOptions,
  parseRetryAfter,
  propagate,
  type PropagateOptions,
  retryAfterOf,
  toFetch,
} from "@sluice/http";
import { identity, serviceFn } from "@sluice/core";
import {
  aClock,
  aFunction,
  anObject,
  delay,
  type DocumentedRange,
  either,
  type Every,
  number,
  only,
  optional,
  type OptionTable,
  withMethods,
} from "@sluice/test-kit";

const aLayer: DocumentedRange = withMethods(identity(), "wrap");
const aService: DocumentedRange = withMethods(
  serviceFn(() => new Response()),
  "tryReady",
  "ready",
  "call",
);
const aTime = number({ min: 0 });
/** RFC 9110, section 5.6.2. */
const aToken: DocumentedRange = {
  takes: (value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value),
  edges: ["x-ms", "X~!", "x ms", "x:", "x\n", "é"],
  optional: false,
};

export const clientOptions: Required<Pick<OptionTable, "parameters" | "objects" | "without">> = {
  parameters: [
    { of: "failOnStatus", option: "fails", range: optional(aFunction), give: failOnStatus },
    { of: "toFetch", option: "service", range: aService, give: toFetch },
    { of: "parseRetryAfter", option: "now", range: aTime, give: (now: number) => parseRetryAfter("1", now) },
    {
      of: "retryAfterOf",
      option: "now",
      range: optional(aTime),
      give: (now: number) => retryAfterOf(new Headers(), now),
    },
  ],
  objects: [
    {
      of: "fetchService",
      base: {},
      give: fetchService,
      ranges: { fetch: optional(aFunction), init: optional(anObject) } satisfies Every<FetchServiceOptions>,
    },
    {
      of: "failOnStatus",
      base: {},
      give: (options) => failOnStatus(undefined, options),
      ranges: { read: optional(number({ min: 0, max: 65_536, whole: true })) } satisfies Every<FailOnStatusOptions>,
    },
    {
      of: "propagate",
      base: { headers: () => undefined },
      mayBeLeftOut: true,
      give: propagate,
      ranges: {
        timeoutHeader: optional(either(only([false]), aToken)),
        headers: optional(aFunction),
        margin: optional(delay),
        clock: optional(aClock),
      } satisfies Every<PropagateOptions>,
    },
    {
      of: "httpClient",
      base: {},
      give: httpClient,
      ranges: {
        total: optional(aLayer),
        retry: optional(aLayer),
        breaker: optional(aLayer),
        limit: optional(aLayer),
        attempt: optional(aLayer),
        body: optional(aLayer),
        propagate: optional(aLayer),
        status: optional(aLayer),
        transport: optional(aService),
      } satisfies Every<HttpClientOptions>,
    },
  ],
  without: {
    NetworkError: "carries what it is given",
    StatusError: "carries what it is given",
    isNetworkError: "answers for any value",
    isStatusError: "answers for any value",
    isTransient: "answers for any value",
    isReplayable: "looks at a request, as the types say",
    replay: "looks at a request, as the types say",
  },
};
