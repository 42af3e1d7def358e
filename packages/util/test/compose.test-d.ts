import {
  type Adds,
  identity,
  type Layer,
  middleware,
  type OverloadedError,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { andThen, callAll, either, filter, type FilteredError, mapResponse, optional } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
declare const length: Service<string, number, SlowError>;
const guarded: Layer<Adds<OverloadedError>> = middleware<Adds<OverloadedError>>("g", (request, next) => next(request));

// filter adds its failure.
const short = new ServiceBuilder().layer(filter((name: string) => name.length < 9)).service(length);
expectTypeOf(short).toEqualTypeOf<Service<string, number, SlowError | FilteredError>>();
const allowed = new ServiceBuilder().layer(filter(async () => true)).service(length);
filter(async (url: string, options) => (await fetch(url, { ...options, method: "HEAD" })).ok);
expectTypeOf(allowed).toEqualTypeOf<Service<string, number, SlowError | FilteredError>>();
// A guard narrows the requests for the service inside.
const text = new ServiceBuilder()
  .layer(filter((value: unknown): value is string => typeof value === "string"))
  .service(length);
expectTypeOf(text).toEqualTypeOf<Service<unknown, number, SlowError | FilteredError>>();
// @ts-expect-error the service inside takes strings
new ServiceBuilder().layer(filter((value: unknown): value is number => value === 1)).service(length);
// @ts-expect-error the service inside takes strings
new ServiceBuilder().layer(filter((value: number) => value > 1)).service(length);
// @ts-expect-error a predicate says yes or no
filter((name: string) => name.length);

// andThen: the first's requests, the second's responses, the failures of both.
const second = serviceFn((n: number) => n > 3);
declare const failing: Service<number, boolean, OverloadedError>;
expectTypeOf(new ServiceBuilder().layer(andThen(second)).service(length)).toEqualTypeOf<
  Service<string, boolean, SlowError>
>();
expectTypeOf(new ServiceBuilder().layer(andThen(failing, { reserve: "late" })).service(length)).toEqualTypeOf<
  Service<string, boolean, SlowError | OverloadedError>
>();
// @ts-expect-error the second takes strings, and the first answers with numbers
new ServiceBuilder().layer(andThen(length)).service(length);
// @ts-expect-error there is no such time
andThen(second, { reserve: "early" });

// either: what goes for both.
declare const condition: boolean;
expectTypeOf(new ServiceBuilder().layer(either(condition, guarded, identity())).service(length)).toEqualTypeOf<
  Service<string, number, SlowError | OverloadedError>
>();
expectTypeOf(
  new ServiceBuilder()
    .layer(
      either(
        condition,
        mapResponse((n: number) => `${n}`),
        identity(),
      ),
    )
    .service(length),
).toEqualTypeOf<Service<string, string | number, SlowError>>();
// @ts-expect-error a condition, not a function that answers with it
either(() => true, guarded, guarded);
const texts = mapResponse((response: string) => response);
// @ts-expect-error the service inside answers with numbers
new ServiceBuilder().layer(either(condition, texts, guarded)).service(length);

// optional: with the layer or without.
declare const maybe: typeof guarded | undefined;
expectTypeOf(new ServiceBuilder().layer(optional(maybe)).service(length)).toEqualTypeOf<
  Service<string, number, SlowError | OverloadedError>
>();
expectTypeOf(new ServiceBuilder().layer(optional(undefined)).service(length)).toEqualTypeOf<typeof length>();
expectTypeOf(new ServiceBuilder().layer(optional(guarded)).service(length)).toEqualTypeOf<
  Service<string, number, SlowError | OverloadedError>
>();

// callAll: the responses, from requests that the service takes.
expectTypeOf(callAll(length, ["a"])).toEqualTypeOf<AsyncGenerator<number, void, undefined>>();
declare const names: AsyncIterable<string>;
expectTypeOf(callAll(length, names, { ordered: false })).toEqualTypeOf<AsyncGenerator<number, void, undefined>>();
// @ts-expect-error the service takes strings
callAll(length, [1]);
// @ts-expect-error one request is not many
callAll(second, 1);
