import { type OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { coalesce, type CoalesceLayer } from "../src/index.ts";

const layer = coalesce({ key: (id: number) => id });
expectTypeOf(layer).toEqualTypeOf<CoalesceLayer<number>>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, OverloadedError>>();

// The handler needs no annotation: the layer says which requests there are.
new ServiceBuilder().layer(layer).serviceFn((id) => {
  expectTypeOf(id).toEqualTypeOf<number>();
  return id;
});

// @ts-expect-error the service inside takes other requests
new ServiceBuilder().layer(layer).serviceFn((name: string) => name);
// @ts-expect-error without a key nothing can be told apart
coalesce({});
// @ts-expect-error there is no such option
coalesce({ key: () => 1, ttl: 5 });
// @ts-expect-error a counter is not to be set
layer.joined = 0;
