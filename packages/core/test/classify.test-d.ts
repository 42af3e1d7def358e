import { expectTypeOf } from "vitest";
import type { Outcome } from "../src/index.ts";
import type { Classify, EndedCall } from "../src/kit.ts";

declare const outcome: Outcome<string>;
if (outcome.status === "fulfilled") expectTypeOf(outcome.value).toEqualTypeOf<string>();
else {
  expectTypeOf(outcome.reason).toEqualTypeOf<unknown>();
  // @ts-expect-error nobody says what a reason is: look at it first
  void outcome.reason.message;
}

// What `Promise.allSettled` gives is one, and a function for such takes an outcome.
expectTypeOf<PromiseSettledResult<string>>().toExtend<Outcome<string>>();
const written = (settled: PromiseSettledResult<string>, { request }: EndedCall<number>): "good" | undefined =>
  settled.status === "fulfilled" && request > 5 ? "good" : undefined;
expectTypeOf(written).toExtend<Classify<"good" | "bad", number, string>>();
// @ts-expect-error it answers with something that is no verdict
const wrong: Classify<"bad", number, string> = written;
void wrong;
