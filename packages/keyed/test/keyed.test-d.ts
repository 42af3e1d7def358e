import {
  type Adds,
  type Gate,
  gate,
  type KindOf,
  type OverloadedError,
  raises,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import { Keyed, keyed, type KeyedLayer } from "../src/index.ts";

interface Ask {
  readonly tenant: string;
  readonly host?: URL;
}

class OpenError extends Error {
  readonly code = "OPEN";
}

declare const breaker: Gate<unknown, OpenError>;

const perTenant = keyed({ key: (request: Ask) => request.tenant, gate: () => new Semaphore(2) });
expectTypeOf(perTenant).toEqualTypeOf<KeyedLayer<Ask, string, never, Semaphore>>();
const anyGates: KeyedLayer<Ask, string> = perTenant;
void anyGates;
expectTypeOf<KindOf<typeof perTenant>>().toEqualTypeOf<Adds<OverloadedError, Ask>>();
// The gate of a key is what `gate` made, with its counters and controls.
expectTypeOf(perTenant.get("a")?.waiting).toEqualTypeOf<number | undefined>();
expectTypeOf(
  new Keyed({ key: (request: Ask) => request.tenant, gate: () => new Semaphore(1) }).get("a")?.active,
).toEqualTypeOf<number | undefined>();
expectTypeOf(keyed<Ask, string>({ key: ({ tenant }) => tenant, gate: () => new Semaphore(2) }).get("a")).toEqualTypeOf<
  Gate<Ask> | undefined
>();

// What the gates raise is added to what the service inside raises.
class NotFound extends Error {
  readonly code = "NOT_FOUND";
}
const find = serviceFn((request: Ask) => request.tenant.length, raises<NotFound>());
const perHost = keyed({
  key: (request: Ask) => request.host?.host,
  gate: (host) => (host.length > 0 ? breaker : breaker),
});
expectTypeOf(perHost).toEqualTypeOf<KeyedLayer<Ask, string, OpenError, Gate<unknown, OpenError>>>();
expectTypeOf(new ServiceBuilder().layer(perTenant).layer(perHost).service(find)).toEqualTypeOf<
  Service<Ask, number, NotFound | OpenError | OverloadedError>
>();

// Plans may have gates of different kinds.
declare const bucket: Gate<unknown> & { readonly available: number; readonly burst: number };
declare const rate: Gate<unknown> & { readonly available: number; readonly interval: number };
const perPlan = keyed({ key: (request: Ask) => request.tenant, gate: (tenant) => (tenant === "free" ? bucket : rate) });
expectTypeOf(perPlan.get("free")?.available).toEqualTypeOf<number | undefined>();

// With one gate for all that there is no place for, there is a gate without a key.
keyed({
  key: (request: Ask) => request.tenant,
  gate: (tenant) => {
    expectTypeOf(tenant).toEqualTypeOf<string | undefined>();
    return new Semaphore(tenant === undefined ? 1 : 2);
  },
  whenFull: "share",
});
keyed({
  key: (request: Ask) => request.tenant,
  gate: (tenant) => {
    expectTypeOf(tenant).toEqualTypeOf<string>();
    return new Semaphore(2);
  },
  whenFull: "refuse",
});

// The gate behind it, for a layer of another name.
const policy = new Keyed({ key: (request: Ask) => request.tenant, gate: () => new Semaphore(1) });
new ServiceBuilder().layer(gate(policy, { name: "perTenant" })).service(find);

// @ts-expect-error a number has no tenant
new ServiceBuilder().layer(perTenant).serviceFn((request: number) => request);
// @ts-expect-error a key is needed
keyed({ gate: () => new Semaphore(1) });
// @ts-expect-error a gate is needed
keyed({ key: (request: Ask) => request.tenant });
// @ts-expect-error a number is no gate
keyed({ key: (request: Ask) => request.tenant, gate: () => 5 });
// @ts-expect-error there is no such way
keyed({ key: (request: Ask) => request.tenant, gate: () => new Semaphore(1), whenFull: "wait" });
// @ts-expect-error a counter is not to be set
perTenant.size = 0;
// @ts-expect-error keys are strings
perTenant.get(5);
