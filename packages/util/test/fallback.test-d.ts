import type { Service } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { fallback, type RejectedWith } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
class GoneError extends Error {
  readonly code = "GONE";
}
class EmptyError extends Error {
  readonly code = "EMPTY";
}
declare const primary: Service<string, number, SlowError | GoneError>;
declare const cache: Service<string, "stale", EmptyError>;

// It adds the other's responses and failures, and takes none away.
const both = fallback({ to: cache }).wrap(primary);
expectTypeOf(both).toEqualTypeOf<Service<string, number | "stale", SlowError | GoneError | EmptyError>>();

// A guard says which failures it catches: those are taken away.
const isSlow = (outcome: PromiseSettledResult<unknown>): outcome is RejectedWith<SlowError> =>
  outcome.status === "rejected" && outcome.reason instanceof SlowError;
const caught = fallback({ to: cache, when: isSlow }).wrap(primary);
expectTypeOf(caught).toEqualTypeOf<Service<string, number | "stale", GoneError | EmptyError>>();

// What it looks at is what the service inside gives.
const byResponse = fallback({
  to: cache,
  when: (outcome: PromiseSettledResult<number>) => outcome.status === "fulfilled" && outcome.value > 500,
});
expectTypeOf(byResponse.wrap(primary)).toEqualTypeOf<
  Service<string, number | "stale", SlowError | GoneError | EmptyError>
>();
declare const text: Service<string, string>;
// @ts-expect-error the service inside gives text, and `when` looks at numbers
byResponse.wrap(text);

// The other must take what the service inside takes.
declare const byNumber: Service<number, string>;
// @ts-expect-error the other takes numbers, and the service inside text
fallback({ to: byNumber }).wrap(primary);

// @ts-expect-error there must be another service
fallback({});
// @ts-expect-error a service value is shared as it is
fallback({ to: cache, shared: true });
// @ts-expect-error a counter is not to be set
fallback({ to: cache }).fallbacks = 1;
