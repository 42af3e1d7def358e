import type { OverloadedError } from "@sluice/core";
import {
  httpClient,
  type HttpClient,
  type HttpRequest,
  type NetworkError,
  propagate,
  retryIdempotent,
  type StatusError,
} from "@sluice/http";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryBudget, type RetryPolicy, retryPolicy } from "@sluice/retry";
import { timeout, type TimeoutError } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { recover } from "@sluice/util";
import { expectTypeOf } from "vitest";

// The layers as in the README: nothing is annotated, and no failure is lost.
const client = httpClient({
  total: timeout({ total: 30_000 }),
  retry: retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() })),
  limit: concurrencyLimit(100),
  attempt: timeout(10_000),
  propagate: propagate(),
});
expectTypeOf(client).toEqualTypeOf<HttpClient<NetworkError | StatusError | TimeoutError>>();

// Any layer fits any place.
const shedding = httpClient({ total: loadShed(), breaker: trace() });
expectTypeOf(shedding).toEqualTypeOf<HttpClient<NetworkError | StatusError | OverloadedError>>();

expectTypeOf(retryPolicy({ ...retryIdempotent, maxRetries: 3 })).toEqualTypeOf<
  RetryPolicy<HttpRequest, unknown, unknown, HttpRequest>
>();
const own = retryPolicy({ ...retryIdempotent, maxRetries: 3, retryIf: ({ request }) => request.method === "GET" });
expectTypeOf(httpClient({ retry: retry(own) })).toEqualTypeOf<HttpClient<NetworkError | StatusError>>();

// @ts-expect-error a policy that looks at a Request has no use for one that is plain data
httpClient({
  retry: retry(retryPolicy<Request>({ maxRetries: 1, retryIf: ({ request }) => request.redirect === "error" })),
});
// @ts-expect-error what a recovering layer answers is no response
httpClient({
  total: recover(
    (error): error is Error => error instanceof Error,
    () => "busy" as const,
  ),
});
