import {
  type Adds,
  identity,
  type Layer,
  type MapsResponse,
  middleware,
  type OverloadedError,
  type Permit,
  type Service,
  ServiceBuilder,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { boxed, boxLayer, type BoxLayer, type BoxService } from "../src/index.ts";

class SlowError extends Error {
  readonly code = "SLOW";
}
declare const length: Service<string, number, never>;
declare const slow: Service<string, boolean, SlowError>;
declare const byId: Service<number, string>;
declare const guarded: Layer<Adds<OverloadedError>>;

/** A service with something of its own. */
declare class Client extends Service<string, number, SlowError> {
  close(): void;
  tryReady(): Permit<string, number, SlowError> | undefined;
  ready(): Promise<Permit<string, number, SlowError>>;
}
declare const client: Client;

expectTypeOf(boxed(length)).toEqualTypeOf<BoxService<string, number, never>>();
const box = boxed(client);
expectTypeOf(box).toEqualTypeOf<BoxService<string, number, SlowError>>();
// @ts-expect-error what the service was is erased
box.close();
// @ts-expect-error it is no service
boxed({ call: () => 1 });

// Differing stacks in one map: responses and failures become those of the map.
const routes = new Map<string, BoxService<string, number | boolean, SlowError>>([
  ["length", boxed(length)],
  ["slow", boxed(slow)],
  ["client", boxed(client)],
]);
void routes;
const narrow = new Map<string, BoxService<string, number, never>>();
// @ts-expect-error a SlowError is not among the failures of this map
narrow.set("client", boxed(client));
// @ts-expect-error its requests are numbers
narrow.set("byId", boxed(byId));

// Differing layers in one list.
type Inner = BoxService<string, number, never>;
type Outer = BoxService<string, number, OverloadedError>;
const layers: BoxLayer<Inner, Outer>[] = [boxLayer(guarded), boxLayer(identity())];
expectTypeOf(new ServiceBuilder().layer(layers[0]!).service(length)).toEqualTypeOf<Outer>();
expectTypeOf(boxLayer<Inner, Outer>(guarded)).toEqualTypeOf<BoxLayer<Inner, Outer>>();
expectTypeOf(new ServiceBuilder().layer(layers[0]!).serviceFn((name: string) => name.length)).toEqualTypeOf<Outer>();
// @ts-expect-error it adds OverloadedError
boxLayer<Inner>(guarded);
declare const doubled: Layer<MapsResponse<number, { twice: number }>>;
// @ts-expect-error it answers with something else
boxLayer<Inner, Outer>(doubled);
// @ts-expect-error it fits around numbers, and the service inside answers with strings
boxLayer<BoxService<number, string>, BoxService<number, { twice: number }>>(doubled);
// @ts-expect-error the box is for another service
new ServiceBuilder().layer(layers[0]!).service(byId);
// @ts-expect-error a middleware of numbers does not fit around strings
boxLayer<Inner>(middleware("numbers", (n: number, next) => next(n)));
