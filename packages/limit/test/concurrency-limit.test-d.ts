import {
  gate,
  type KindOf,
  type Keeps,
  type Lease,
  type OverloadedError,
  type Service,
  ServiceBuilder,
  serviceFn,
  raises,
  type WaitingLine,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type ConcurrencyLimit, concurrencyLimit, Semaphore } from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

const limit = concurrencyLimit(1);
expectTypeOf(limit).toEqualTypeOf<ConcurrencyLimit>();
expectTypeOf<KindOf<typeof limit>>().toEqualTypeOf<Keeps>();

// The types of the service inside stay what they are.
const find = serviceFn((name: string) => name.length, raises<NotFound>());
expectTypeOf(new ServiceBuilder().layer(limit).service(find)).toEqualTypeOf<Service<string, number, NotFound>>();
expectTypeOf(limit.wrap(find)).toEqualTypeOf<Service<string, number, NotFound>>();

// A line that looks at requests is for services that take such.
declare const line: (serve: () => void) => WaitingLine<Lease, { readonly level: number }>;
const byLevel = concurrencyLimit(1, { line });
expectTypeOf(byLevel).toEqualTypeOf<ConcurrencyLimit<{ readonly level: number }>>();
new ServiceBuilder().layer(byLevel).serviceFn(({ level }) => level);
// @ts-expect-error a text has no level
new ServiceBuilder().layer(byLevel).serviceFn((name: string) => name);

// What a line refuses callers with is a failure of the stack.
declare const bounded: (serve: () => void) => WaitingLine<Lease, unknown, OverloadedError>;
const impatient = concurrencyLimit(1, { line: bounded });
expectTypeOf(impatient).toEqualTypeOf<ConcurrencyLimit<unknown, OverloadedError>>();
expectTypeOf(new ServiceBuilder().layer(impatient).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | OverloadedError>
>();
const shared = new Semaphore(1, { line: bounded });
expectTypeOf(new ServiceBuilder().layer(concurrencyLimit(shared)).service(find)).toEqualTypeOf<
  Service<string, number, NotFound | OverloadedError>
>();
expectTypeOf(gate(shared, { name: "upstream" }).wrap(find)).toEqualTypeOf<
  Service<string, number, NotFound | OverloadedError>
>();
// @ts-expect-error this one is said to refuse nobody
const patient: ConcurrencyLimit = impatient;
void patient;

limit.max = 2;
// @ts-expect-error a counter is not to be set
limit.active = 2;
// @ts-expect-error how many is not said
concurrencyLimit();
// @ts-expect-error a semaphore has its own clock
concurrencyLimit(new Semaphore(1), { clock: { now: () => 0, setTimeout() {}, clearTimeout() {} } });
// @ts-expect-error what it answers with is not a promise
concurrencyLimit(1, { until: () => 5 });
