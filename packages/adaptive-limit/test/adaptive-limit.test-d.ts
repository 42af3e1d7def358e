import {
  type Gate,
  type Keeps,
  type KindOf,
  type Lease,
  type OverloadedError,
  raises,
  type Service,
  ServiceBuilder,
  serviceFn,
  type WaitingLine,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  AdaptiveLimit,
  adaptiveLimit,
  type AdaptiveLimitLayer,
  aimd,
  gradient,
  type LimitAlgorithm,
  vegas,
} from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

const limit = adaptiveLimit(vegas());
expectTypeOf(limit).toEqualTypeOf<AdaptiveLimitLayer>();
expectTypeOf<KindOf<typeof limit>>().toEqualTypeOf<Keeps>();
expectTypeOf(limit.limit).toEqualTypeOf<number>();
expectTypeOf(limit.rtt).toEqualTypeOf<number | undefined>();

// The types of the service inside stay what they are.
const find = serviceFn((name: string) => name.length, raises<NotFound>());
expectTypeOf(new ServiceBuilder().layer(limit).service(find)).toEqualTypeOf<Service<string, number, NotFound>>();

// With a look at requests it is for services that take such.
const byPath = adaptiveLimit<{ readonly path: string }>(gradient(), {
  classify: (outcome, { request, aborted }) =>
    aborted || request.path === "/health" ? "ignore" : outcome.status === "fulfilled" ? "success" : "dropped",
});
new ServiceBuilder().layer(byPath).serviceFn((request: { readonly path: string }) => request.path);
// @ts-expect-error a number has no path
new ServiceBuilder().layer(byPath).serviceFn((request: number) => request);

// So it is with a line that looks at requests.
declare const line: (serve: () => void) => WaitingLine<Lease, { readonly path: string }>;
const ordered = adaptiveLimit(vegas(), { line });
expectTypeOf(ordered).toEqualTypeOf<AdaptiveLimitLayer<{ readonly path: string }>>();
// @ts-expect-error a number has no path
new ServiceBuilder().layer(ordered).serviceFn((request: number) => request);

// What a line refuses callers with is a failure of the stack.
declare const bounded: (serve: () => void) => WaitingLine<Lease, unknown, OverloadedError>;
const impatient = adaptiveLimit(vegas(), { line: bounded });
expectTypeOf(impatient).toEqualTypeOf<AdaptiveLimitLayer<unknown, OverloadedError>>();
expectTypeOf(new ServiceBuilder().layer(impatient).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | OverloadedError>
>();
expectTypeOf(new AdaptiveLimit(vegas(), { line: bounded })).toExtend<Gate<unknown, OverloadedError>>();

// A gate for requests of any kind is one for each kind.
expectTypeOf(new AdaptiveLimit(aimd())).toExtend<Gate<string>>();
// @ts-expect-error one for a certain kind is not one for any
const any: Gate<unknown> = new AdaptiveLimit<string>(aimd());
void any;

// An algorithm of anyone's own needs no more than these.
const mine: LimitAlgorithm = { limit: 5, sample: ({ rtt }) => 1_000 / rtt };
adaptiveLimit(mine);

// @ts-expect-error a counter is not to be set
limit.limit = 2;
// @ts-expect-error there is no limit without an algorithm
adaptiveLimit();
// @ts-expect-error how many is what it finds out
adaptiveLimit(10);
// @ts-expect-error there is no such class of calls
adaptiveLimit(vegas(), { classify: () => "failed" });
// @ts-expect-error each sample by itself is false
adaptiveLimit(vegas(), { window: true });
// @ts-expect-error Vegas has no timeout
vegas({ timeout: 5 });
