import { expectTypeOf } from "vitest";
import {
  type CallOptions,
  type FailureOf,
  identity,
  type Permit,
  raises,
  type ReadyOptions,
  type RequestOf,
  type ResponseOf,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}
class Down extends Error {
  readonly code = "DOWN";
}

// serviceFn: the handler says it all.
const length = serviceFn((text: string) => text.length);
expectTypeOf(length).toEqualTypeOf<Service<string, number, never>>();
expectTypeOf(serviceFn(async (n: number) => ({ n }))).toEqualTypeOf<Service<number, { n: number }, never>>();
expectTypeOf(
  serviceFn((_id: string, { signal, deadline, waitUntil }) => [signal, deadline, waitUntil] as const),
).toEqualTypeOf<
  Service<string, readonly [CallOptions["signal"], CallOptions["deadline"], CallOptions["waitUntil"]], never>
>();
// Either answers or promises: one response.
const mixed = serviceFn((n: number) => (n > 0 ? Promise.resolve("a" as const) : ("b" as const)));
expectTypeOf<ResponseOf<typeof mixed>>().toEqualTypeOf<"a" | "b">();
// No request at all.
void serviceFn(() => 1).call(undefined);

// raises: what a leaf is known to fail with.
const find = serviceFn(async (id: string) => id.length, raises<NotFound | Down>());
expectTypeOf(find).toEqualTypeOf<Service<string, number, NotFound | Down>>();

// RequestOf, ResponseOf, FailureOf.
expectTypeOf<RequestOf<typeof find>>().toEqualTypeOf<string>();
expectTypeOf<ResponseOf<typeof find>>().toEqualTypeOf<number>();
expectTypeOf<FailureOf<typeof find>>().toEqualTypeOf<NotFound | Down>();
expectTypeOf<FailureOf<typeof length>>().toEqualTypeOf<never>();
expectTypeOf<FailureOf<Service<string, number>>>().toEqualTypeOf<unknown>();
expectTypeOf<FailureOf<typeof find>>().not.toBeAny();
expectTypeOf<RequestOf<string>>().toBeNever();

// What a service and a permit answer with.
expectTypeOf(find.call("a")).toEqualTypeOf<Promise<number>>();
expectTypeOf(find.tryReady("a")).toEqualTypeOf<Permit<string, number, NotFound | Down> | undefined>();
expectTypeOf(find.ready()).resolves.toEqualTypeOf<Permit<string, number, NotFound | Down>>();

// A call without being ready does not type-check.
const perhaps = find.tryReady();
// @ts-expect-error there may be no permit
void perhaps.call("a");
if (perhaps !== undefined) void perhaps.call("a");
// @ts-expect-error a promise of a permit is no permit
void find.ready().call("a");

// Requests and options are checked.
// @ts-expect-error the request is a string
void find.call(1);
// @ts-expect-error there must be one
void find.call();
// @ts-expect-error a deadline is a number
void find.call("a", { deadline: "soon" });
// @ts-expect-error the request of a reservation is one of the service's
void find.ready({ request: 1 });
// @ts-expect-error options are for reading
({} as CallOptions).deadline = 5;
// undefined is as good as absent.
void find.call("a", { signal: undefined, deadline: undefined, waitUntil: undefined });

// An edge that must answer for everything refuses a stack that may fail.
declare function edge(service: Service<string, number, never>): void;
edge(length);
// @ts-expect-error NotFound and Down are nobody's
edge(find);
// @ts-expect-error what fails in unknown ways may fail in these
edge({} as Service<string, number>);

// Variance: takes more, gives less, fails in fewer ways.
type Animal = { readonly name: string };
type Dog = { readonly name: string; readonly barks: true };
const exact = {} as Service<Animal, Dog, NotFound>;
expectTypeOf(exact).toExtend<Service<Dog, Animal, NotFound | Down>>();
expectTypeOf(exact).toExtend<Service<Dog, Animal>>();
const wider = {} as Service<Dog, Animal, NotFound | Down>;
// @ts-expect-error it takes dogs only
wider satisfies Service<Animal, Animal, NotFound | Down>;
// @ts-expect-error it may give another animal
wider satisfies Service<Dog, Dog, NotFound | Down>;
// @ts-expect-error it may be down
wider satisfies Service<Dog, Animal, NotFound>;

const permit = {} as Permit<Animal, Dog, NotFound>;
expectTypeOf(permit).toExtend<Permit<Dog, Animal, NotFound | Down>>();
const widerPermit = {} as Permit<Dog, Animal, NotFound | Down>;
// @ts-expect-error it takes dogs only
widerPermit satisfies Permit<Animal, Animal, NotFound | Down>;
// @ts-expect-error it may give another animal
widerPermit satisfies Permit<Dog, Dog, NotFound | Down>;
// @ts-expect-error it may be down
widerPermit satisfies Permit<Dog, Animal, NotFound>;
expectTypeOf(permit).toExtend<Disposable>();

// A service of any make: what has the three methods is one, whatever class it is of.
class Found implements Service<string, number, NotFound> {
  tryReady(_request?: string): Permit<string, number, NotFound> | undefined {
    return undefined;
  }
  ready(_options?: ReadyOptions<string>): Promise<Permit<string, number, NotFound>> {
    return Promise.reject(new NotFound());
  }
  call(_request: string, _options?: CallOptions): Promise<number> {
    return Promise.reject(new NotFound());
  }
}
expectTypeOf<RequestOf<Found>>().toEqualTypeOf<string>();
expectTypeOf<ResponseOf<Found>>().toEqualTypeOf<number>();
expectTypeOf<FailureOf<Found>>().toEqualTypeOf<NotFound>();
expectTypeOf(new ServiceBuilder().layer(identity()).service(new Found())).toExtend<Service<string, number, NotFound>>();
// Its failures are those of its permits.
type Methods = Pick<Found, keyof Found>;
expectTypeOf<FailureOf<Methods>>().toEqualTypeOf<NotFound>();
// Without types of ours: how it fails is not known.
interface Plain {
  tryReady(
    request?: string,
  ): { call(request: string): Promise<number>; release(): void; [Symbol.dispose](): void } | undefined;
  ready(): Promise<{ call(request: string): Promise<number>; release(): void; [Symbol.dispose](): void }>;
  call(request: string): Promise<number>;
}
expectTypeOf<Plain>().toExtend<Service<string, number>>();
expectTypeOf(new ServiceBuilder().service({} as Plain)).toExtend<Service<string, number>>();
expectTypeOf<FailureOf<Plain>>().toEqualTypeOf<unknown>();
// @ts-expect-error a service can be called
new ServiceBuilder().service({} as Omit<Methods, "call">);
declare const unreleasable: Omit<Methods, "tryReady"> & { tryReady(): Pick<Permit<string, number>, "call"> };
// @ts-expect-error its permits can be given back
new ServiceBuilder().service(unreleasable);

// One of two services: its requests are those that both take, and it may give what either gives.
type OneOfTwo = Service<string | number, number, NotFound> | Service<string | boolean, boolean, Down>;
expectTypeOf<RequestOf<OneOfTwo>>().toEqualTypeOf<string>();
expectTypeOf<ResponseOf<OneOfTwo>>().toEqualTypeOf<number | boolean>();
expectTypeOf<FailureOf<OneOfTwo>>().toEqualTypeOf<NotFound | Down>();
