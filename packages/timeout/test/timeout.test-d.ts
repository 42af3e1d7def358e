import { type FailureOf, raises, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { isTimeoutError, timeout, type TimeoutError, type TimeoutPhase } from "../src/index.ts";

class LookupError extends Error {
  readonly code = "ERR_LOOKUP";
}

const lookup = new ServiceBuilder()
  .layer(timeout({ ready: 50, call: 100, total: 120 }))
  .serviceFn(async (name: string) => name.length, raises<LookupError>());

expectTypeOf(lookup).toEqualTypeOf<Service<string, number, LookupError | TimeoutError>>();
expectTypeOf<FailureOf<typeof lookup>>().toEqualTypeOf<LookupError | TimeoutError>();

// @ts-expect-error an edge that answers for everything does not take a stack that can time out
const edge: Service<string, number, never> = lookup;
void edge;

// @ts-expect-error it does not guess for how long
timeout();
// @ts-expect-error milliseconds are numbers
timeout("100ms");
// @ts-expect-error there is no such phase
timeout({ response: 100 });

const error: unknown = undefined;
if (isTimeoutError(error)) {
  expectTypeOf(error).toEqualTypeOf<TimeoutError>();
  expectTypeOf<(typeof error)["code"]>().toEqualTypeOf<"ERR_SLUICE_TIMEOUT">();
  expectTypeOf(error.phase).toEqualTypeOf<TimeoutPhase>();
}

const layer = timeout(100);
expectTypeOf(layer.timedOut).toEqualTypeOf<number>();
// @ts-expect-error counters are for reading
layer.timedOut = 0;
