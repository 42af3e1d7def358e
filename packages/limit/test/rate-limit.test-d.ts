import {
  type Adds,
  type Gate,
  gate,
  type KindOf,
  type Layer,
  type OverloadedError,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type RateLimit, rateLimit, SlidingWindow, TokenBucket } from "../src/index.ts";

const rate = rateLimit({ limit: 1, interval: 1_000 });
expectTypeOf(rate).toEqualTypeOf<RateLimit>();
expectTypeOf<KindOf<typeof rate>>().toEqualTypeOf<Adds<OverloadedError>>();

// It may refuse: so a service that could not fail now can.
const find = serviceFn((name: string) => name.length);
expectTypeOf(new ServiceBuilder().layer(rate).service(find)).toEqualTypeOf<Service<string, number, OverloadedError>>();
// @ts-expect-error the refusal is not answered for
new ServiceBuilder().layer(rate).service(find) satisfies Service<string, number, never>;

// A gate says the same.
const quota = new SlidingWindow({ limit: 1, interval: 1_000 });
expectTypeOf(gate(quota, { name: "quota" })).toExtend<Layer<Adds<OverloadedError>>>();

expectTypeOf(new TokenBucket({ limit: 1, interval: 1_000, burst: 5 })).toExtend<Gate<unknown, OverloadedError>>();
// @ts-expect-error only a bucket has a burst
expectTypeOf(new SlidingWindow({ limit: 1, interval: 1_000, burst: 5 }));
// @ts-expect-error there is no such algorithm
rateLimit({ limit: 1, interval: 1_000, algorithm: "leaky-bucket" });
// @ts-expect-error the interval is missing
rateLimit({ limit: 1 });
// @ts-expect-error a counter is not to be set
rate.active = 0;
