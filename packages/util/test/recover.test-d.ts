import {
  type Adds,
  isOverloadedError,
  type Layer,
  middleware,
  OverloadedError,
  raises,
  type Service,
  ServiceBuilder,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { mapRequest, recover } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
declare const length: Service<string, number, SlowError | OverloadedError>;
function adds<E>(): Layer<Adds<E>> {
  return middleware<Adds<E>>("adds", (request, next) => next(request));
}

// A class takes its failures out, and adds the answer.
const busy = new ServiceBuilder().layer(recover(OverloadedError, () => "busy" as const)).service(length);
expectTypeOf(busy).toEqualTypeOf<Service<string, number | "busy", SlowError>>();

// So does a guard.
const guarded = new ServiceBuilder().layer(recover(isOverloadedError, () => "busy" as const)).service(length);
expectTypeOf(guarded).toEqualTypeOf<Service<string, number | "busy", SlowError>>();

// The answer is given the error, typed, and may be async.
const later = new ServiceBuilder()
  .layer(
    recover(SlowError, async (error) => {
      expectTypeOf(error).toEqualTypeOf<SlowError>();
      return error.code;
    }),
  )
  .service(length);
expectTypeOf(later).toEqualTypeOf<Service<string, number | string, OverloadedError>>();

// It may look at the request: then it is for services whose requests are such.
const cached = new ServiceBuilder().layer(recover(SlowError, (_error, name: string) => name.length)).service(length);
expectTypeOf(cached).toEqualTypeOf<Service<string, number, OverloadedError>>();
// Its options go to fetch as a handler's do.
recover(SlowError, (_error, url: string, options) => fetch(url, options));
declare const byId: Service<number, string, SlowError>;
// @ts-expect-error the service inside takes numbers
new ServiceBuilder().layer(recover(SlowError, (_error, name: string) => name.length)).service(byId);

// So does a handler that takes its options apart, with the request that the answer looks at.
const cachedFn = new ServiceBuilder()
  .layer(recover(SlowError, (_error, name: string) => name.length))
  .serviceFn(async (name, { signal }) => (signal === undefined ? name : null), raises<SlowError>());
expectTypeOf(cachedFn).toEqualTypeOf<Service<string, string | number | null, never>>();

// All recovered: an edge that must answer for everything has it.
const edge: Service<string, number | string> = new ServiceBuilder()
  .layer(recover(SlowError, () => "slow"))
  .layer(recover(OverloadedError, () => "busy"))
  .service(length);
const whole = new ServiceBuilder()
  .layer(recover(SlowError, () => "slow" as const))
  .layer(recover(OverloadedError, () => "busy" as const))
  .service(length);
expectTypeOf(whole).toEqualTypeOf<Service<string, number | "slow" | "busy", never>>();
const needsAll: Service<string, unknown, never> = whole;
// @ts-expect-error SlowError is still there
const forgotten: Service<string, unknown, never> = busy;
void [edge, needsAll, forgotten];

// The chain of the contract, with stand-ins for the layers of other packages.
const lookup = new ServiceBuilder()
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(adds<OverloadedError>())
  .layer(adds<SlowError>())
  .layer(mapRequest((name: string) => name.length))
  .serviceFn(async (n: number) => n > 3);
expectTypeOf(lookup).toEqualTypeOf<Service<string, boolean | "busy", SlowError>>();

declare const isSlow: (error: unknown) => boolean;
const answer = (): string => "slow";
// @ts-expect-error a function that says true or false does not tell which failures are gone
recover(isSlow, answer);
// @ts-expect-error the answer is for another failure
recover(SlowError, (error: OverloadedError) => error.retryAfter);
// @ts-expect-error without an answer
recover(SlowError);
