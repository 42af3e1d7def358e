import { type Outcome, raises, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  type Attempt,
  type Backoff,
  exponentialBackoff,
  isIdempotent,
  retry,
  retryBudget,
  retryPolicy,
  type RetryPolicy,
  type RetryPolicyOptions,
} from "../src/index.ts";

class DownError extends Error {
  readonly code = "ERR_DOWN";
}

interface Question {
  readonly method: string;
  readonly text: string;
}
interface Answer {
  readonly status: number;
}

const ask = async (_question: Question): Promise<Answer> => ({ status: 200 });

// It keeps the types of the service inside, whatever they are.
const plain = new ServiceBuilder().layer(retry(retryPolicy({ maxRetries: 3 }))).serviceFn(ask, raises<DownError>());
expectTypeOf(plain).toEqualTypeOf<Service<Question, Answer, DownError>>();

// A policy that looks at requests and responses goes around services whose requests and responses are such.
const careful = retryPolicy({
  maxRetries: 3,
  retryIf: ({ request, outcome }: Attempt<{ readonly method: string }, { readonly status: number }>) =>
    isIdempotent(request.method) && (outcome.status === "rejected" || outcome.value.status === 503),
});
expectTypeOf(new ServiceBuilder().layer(retry(careful)).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();
new ServiceBuilder()
  .layer(retry(careful))
  // @ts-expect-error requests without a method
  .serviceFn(async (text: string): Promise<Answer> => ({ status: text.length }));
new ServiceBuilder()
  .layer(retry(careful))
  // @ts-expect-error responses without a status
  .serviceFn(async (_question: Question) => "yes");

// The most common stack: the handler takes its options apart, and nothing is annotated but the request.
const onServerErrors = retry(
  retryPolicy<string, Response>({
    maxRetries: 3,
    retryIf: ({ outcome }) => outcome.status === "fulfilled" && outcome.value.status >= 500,
  }),
);
const fetched = new ServiceBuilder()
  .layer(onServerErrors)
  .serviceFn(async (url: string, { signal }) => fetch(url, { signal: signal ?? null }));
expectTypeOf(fetched).toEqualTypeOf<Service<string, Response, never>>();
// The policy says what the requests are, so that not even those need an annotation.
const inferred = new ServiceBuilder().layer(onServerErrors).serviceFn((url, options) => {
  expectTypeOf(url).toEqualTypeOf<string>();
  return fetch(url, { ...options, method: "POST" });
}, raises<DownError>());
expectTypeOf(inferred).toEqualTypeOf<Service<string, Response, DownError>>();
const fetching = new ServiceBuilder().layer(onServerErrors);
// @ts-expect-error a text has no status
fetching.serviceFn(async (url: string, { signal }) => `${url} ${signal?.aborted}`);
// @ts-expect-error the policy looks at requests that are strings
fetching.serviceFn(async (url: URL, { signal }) => fetch(url, { signal: signal ?? null }));

// One of one's own: the state comes from `start`, and is the request's.
const own = retry({
  start: (_question: Question) => ({ transient: 0 }),
  decide({ number, request, outcome, state, elapsed, remaining }) {
    expectTypeOf(number).toEqualTypeOf<number>();
    expectTypeOf(request).toEqualTypeOf<Question>();
    expectTypeOf(outcome).toEqualTypeOf<Outcome>();
    expectTypeOf(state).toEqualTypeOf<{ transient: number }>();
    expectTypeOf(elapsed).toEqualTypeOf<number>();
    expectTypeOf(remaining).toEqualTypeOf<number | undefined>();
    return number < 3 ? { delay: 10, state: { transient: state.transient + 1 } } : undefined;
  },
});
expectTypeOf(new ServiceBuilder().layer(own).serviceFn(ask)).toEqualTypeOf<Service<Question, Answer, never>>();

// What it sends of its own making must fit the service inside.
const rewriting: RetryPolicy<Question, Answer> = {
  cloneRequest: (question) => ({ ...question }),
  decide: ({ request }) => ({ delay: 0, request: { ...request, text: "again" } }),
};
expectTypeOf(new ServiceBuilder().layer(retry(rewriting)).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();
new ServiceBuilder()
  .layer(retry(rewriting))
  // @ts-expect-error it would be asked with a Question, which has no urgency
  .serviceFn(async (_question: Question & { readonly urgency: number }): Promise<Answer> => ({ status: 200 }));

// A ready-made policy with copies of requests.
const copying = {
  ...retryPolicy<Question>({ maxRetries: 1 }),
  cloneRequest: (question: Question) => ({ ...question }),
};
expectTypeOf(new ServiceBuilder().layer(retry(copying)).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();

// The same as an option: the policy sends the copies.
const copies = retryPolicy({ maxRetries: 1, cloneRequest: (question: Question): Question => ({ ...question }) });
expectTypeOf(copies).toEqualTypeOf<RetryPolicy<Question, unknown, unknown, Question>>();
expectTypeOf(new ServiceBuilder().layer(retry(copies)).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();
new ServiceBuilder()
  .layer(retry(copies))
  // @ts-expect-error it would be asked with a Question, which has no urgency
  .serviceFn(async (_question: Question & { readonly urgency: number }): Promise<Answer> => ({ status: 200 }));

// Types that are given serve the other options, and copies are of the same type.
const given = retryPolicy<Question, Answer>({
  maxRetries: 1,
  retryIf: ({ request, outcome }) => {
    expectTypeOf(request).toEqualTypeOf<Question>();
    expectTypeOf(outcome).toEqualTypeOf<Outcome<Answer>>();
    return isIdempotent(request.method);
  },
  cloneRequest: (question) => (question.text === "" ? undefined : { ...question }),
});
expectTypeOf(given).toEqualTypeOf<RetryPolicy<Question, Answer>>();
// @ts-expect-error a copy of a Question is no text
retryPolicy<Question>({ maxRetries: 1, cloneRequest: (question) => question.text });
// @ts-expect-error a copy is there before the attempt
retryPolicy<Question>({ maxRetries: 1, cloneRequest: async (question) => question });

// Without it, a policy sends again what it was given, and nothing of its own.
const none = retryPolicy<Question, Answer>({ maxRetries: 1, cloneRequest: undefined });
expectTypeOf(none).toEqualTypeOf<RetryPolicy<Question, Answer, unknown, never>>();
const options: RetryPolicyOptions = { maxRetries: 1 };
expectTypeOf(new ServiceBuilder().layer(retry(retryPolicy(options))).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();

// What is undefined is not sent: a decision without a request, a copy that is not made.
declare const unsent: {
  cloneRequest?(question: Question): undefined;
  decide(attempt: Attempt<Question>): { readonly delay: number; readonly request?: undefined } | undefined;
};
expectTypeOf(new ServiceBuilder().layer(retry(unsent)).serviceFn(ask)).toEqualTypeOf<
  Service<Question, Answer, never>
>();

// @ts-expect-error a decision has a delay
retry({ decide: () => ({ request: 1 }) });
// @ts-expect-error decisions are made at once
retry({ decide: async () => ({ delay: 0 }) });
// @ts-expect-error a policy decides
retry({ start: () => 1 });
// @ts-expect-error how many retries is the user's to say
retryPolicy({});
// @ts-expect-error there is no such jitter
exponentialBackoff({ base: 1, max: 2, jitter: "half" });
// @ts-expect-error a ratio is a number
retryBudget({ ratio: "20%" });

expectTypeOf(exponentialBackoff({ base: 1, max: 2 })).toEqualTypeOf<Backoff<number>>();

const linear: Backoff<{ readonly count: number }> = {
  next: ({ count } = { count: 1 }) => ({ delay: count * 100, state: { count: count + 1 } }),
};
retryPolicy({ maxRetries: 3, backoff: linear });

const layer = retry(retryPolicy({ maxRetries: 3 }));
expectTypeOf(layer.retries).toEqualTypeOf<number>();
// @ts-expect-error counters are for reading
layer.retries = 0;
