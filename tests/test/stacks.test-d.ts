import { buffer, BufferClosedError } from "@sluice/buffer";
import {
  type CallOptions,
  type FailureOf,
  OverloadedError,
  raises,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { priorityLine } from "@sluice/priority";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout, TimeoutError } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import {
  andThen,
  callAll,
  either,
  filter,
  FilteredError,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional,
  recover,
} from "@sluice/util";
import { boxed, type BoxService, RouteNotFoundError, routingTable, steer } from "@sluice/util-box";
import { expectTypeOf } from "vitest";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}
class Conflict extends Error {
  readonly code = "CONFLICT";
}
interface Ask {
  readonly path: string;
  readonly tenant: string;
}
interface Page {
  readonly status: 200;
  readonly length: number;
}

// The chain of the contract, with real layers: complete types, without an annotation.
const lookup = new ServiceBuilder()
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(concurrencyLimit(64))
  .layer(timeout(100))
  .layer(mapRequest((name: string) => name.length))
  .serviceFn(async (n: number) => n > 3);
expectTypeOf(lookup).toEqualTypeOf<Service<string, boolean | "busy", TimeoutError>>();
expectTypeOf<FailureOf<typeof lookup>>().not.toBeAny();

// A line that refuses callers adds that to what fails, and can be recovered from.
const orderly = concurrencyLimit(1, { line: priorityLine({ priority: () => 0, codel: true }) });
const refusing = new ServiceBuilder().layer(orderly).serviceFn((n: number) => n);
expectTypeOf(refusing).toEqualTypeOf<Service<number, number, OverloadedError>>();
const answering = new ServiceBuilder().layer(recover(OverloadedError, () => "busy" as const)).service(refusing);
expectTypeOf(answering).toEqualTypeOf<Service<number, number | "busy", never>>();

// The same, where the handler does not annotate its request.
const inferred = new ServiceBuilder()
  .layer(loadShed())
  .layer(mapRequest((name: string) => name.length))
  .layer(timeout(100))
  .serviceFn((n) => {
    expectTypeOf(n).toEqualTypeOf<number>();
    return n > 3;
  });
expectTypeOf(inferred).toEqualTypeOf<Service<string, boolean, TimeoutError | OverloadedError>>();

// Every failure of fourteen layers, and those of the work.
const failing = new ServiceBuilder()
  .layer(trace())
  .layer(loadShed())
  .layer(timeout({ total: 1_000 }))
  .layer(buffer({ capacity: 10 }))
  .layer(filter((ask: Ask) => ask.path !== "/secret"))
  .layer(retry(retryPolicy({ maxRetries: 2 })))
  .layer(rateLimit({ limit: 10, interval: 100 }))
  .layer(concurrencyLimit(4))
  .layer(timeout({ ready: 5, call: 100 }))
  .layer(mapRequest(({ path }: Ask) => path))
  .layer(mapResponse((length: number): Page => ({ status: 200, length })))
  .layer(optional(concurrencyLimit(2)))
  .layer(either(true, concurrencyLimit(3), timeout(50)))
  .layer(undefined)
  .serviceFn(async (path: string) => path.length, raises<NotFound>());
expectTypeOf(failing).toEqualTypeOf<
  Service<Ask, Page, OverloadedError | TimeoutError | BufferClosedError | FilteredError | NotFound>
>();

// An edge that must handle every failure.
declare function edge<Res>(service: Service<Ask, Res, never>): Res;

const answers = new ServiceBuilder()
  .layer(recover(NotFound, () => 404 as const))
  .layer(recover(FilteredError, () => 403 as const))
  .layer(recover(BufferClosedError, () => 503 as const))
  .layer(recover(TimeoutError, () => 504 as const))
  .layer(recover(OverloadedError, ({ retryAfter }) => ({ status: 429 as const, retryAfter })));
const whole = answers.service(failing);
expectTypeOf(edge(whole)).toEqualTypeOf<
  Page | 404 | 403 | 503 | 504 | { status: 429; retryAfter: number | undefined }
>();

// One of five forgotten.
const forgetful = new ServiceBuilder()
  .layer(recover(NotFound, () => 404 as const))
  .layer(recover(FilteredError, () => 403 as const))
  .layer(recover(TimeoutError, () => 504 as const))
  .layer(recover(OverloadedError, () => 429 as const))
  .service(failing);
expectTypeOf<FailureOf<typeof forgetful>>().toEqualTypeOf<BufferClosedError>();
// @ts-expect-error nobody answers for the closed buffer
edge(forgetful);
// All five, and a timeout outside of them.
// @ts-expect-error nobody answers for the outer timeout
edge(new ServiceBuilder().layer(timeout(10)).service(whole));

// Handling some failures leaves the others.
const some = new ServiceBuilder().layer(recover(TimeoutError, () => null)).service(failing);
expectTypeOf<FailureOf<typeof some>>().toEqualTypeOf<OverloadedError | BufferClosedError | FilteredError | NotFound>();

// A table of different stacks: its failures are those of all stacks, and its own.
const find = serviceFn(async ({ path }: Ask) => path.length, raises<NotFound>());
const slow = new ServiceBuilder().layer(timeout(100)).service(find);
const quick = new ServiceBuilder()
  .layer(loadShed())
  .layer(buffer({ capacity: 1 }))
  .service(find);
const routes = new Map<string, BoxService<Ask, number, NotFound | TimeoutError | OverloadedError | BufferClosedError>>([
  ["/slow", boxed(slow)],
  ["/quick", boxed(quick)],
]);
const table = routingTable({ key: ({ path }) => path, routes });
expectTypeOf<FailureOf<typeof table>>().toEqualTypeOf<
  NotFound | TimeoutError | OverloadedError | BufferClosedError | RouteNotFoundError
>();
// @ts-expect-error slow may time out, and the map says that no route does
export const tooFew = new Map<string, BoxService<Ask, number, NotFound>>([["/slow", boxed(slow)]]);
const caught = new ServiceBuilder().layer(recover(RouteNotFoundError, () => -1)).service(table);
expectTypeOf<FailureOf<typeof caught>>().not.toEqualTypeOf<FailureOf<typeof table>>();
// @ts-expect-error the routes' own failures are still there
edge(caught);
const steered = steer([slow, slow], () => 0);
expectTypeOf<FailureOf<typeof steered>>().toEqualTypeOf<NotFound | TimeoutError | OverloadedError>();

// Two services in a row, with layers around both.
const chained = new ServiceBuilder()
  .layer(timeout(100))
  .layer(
    andThen(
      serviceFn(async (n: number) => `${n}`, raises<Conflict>()),
      { reserve: "late" },
    ),
  )
  .service(find);
expectTypeOf(chained).toEqualTypeOf<Service<Ask, string, TimeoutError | NotFound | Conflict>>();

// Mapped failures: none of the inner ones is left.
const mapped = new ServiceBuilder()
  .layer(loadShed())
  .layer(mapFailure((failure: NotFound | TimeoutError) => new Conflict(failure.code)))
  .service(slow);
expectTypeOf(mapped).toEqualTypeOf<Service<Ask, number, Conflict | OverloadedError>>();
const settled = new ServiceBuilder()
  .layer(
    mapResult((outcome: PromiseSettledResult<number>) => ({ status: "fulfilled" as const, value: outcome.status })),
  )
  .service(slow);
expectTypeOf<FailureOf<typeof settled>>().toEqualTypeOf<never>();

expectTypeOf(callAll(slow, [])).toEqualTypeOf<AsyncGenerator<number, void, undefined>>();

// Layers that do not fit, inner and outer ones.
const byPath = new ServiceBuilder()
  .layer(loadShed())
  .layer(concurrencyLimit(4))
  .layer(timeout(100))
  .layer(mapRequest(({ path }: Ask) => path))
  .layer(retry(retryPolicy({ maxRetries: 2 })))
  .layer(buffer({ capacity: 1 }));
byPath.serviceFn(async (path: string) => path.length);
// @ts-expect-error a path is a string
byPath.serviceFn(async (path: number) => path);
// @ts-expect-error find takes an Ask, not its path
byPath.service(find);
const readsLength = new ServiceBuilder()
  .layer(timeout(100))
  .layer(concurrencyLimit(4))
  .layer(mapResponse((page: Page) => page.length))
  .layer(loadShed());
readsLength.serviceFn(async (): Promise<Page> => ({ status: 200, length: 1 }));
// @ts-expect-error there is no page inside
readsLength.service(find);
const one = new ServiceBuilder().layer(mapFailure((failure: NotFound) => failure)).layer(timeout(100));
// @ts-expect-error TimeoutError is not among what is mapped
one.service(find);
const idempotent = retryPolicy<{ readonly method: string }>({ maxRetries: 1 });
// @ts-expect-error what is asked for has no method
new ServiceBuilder().layer(loadShed()).layer(retry(idempotent)).layer(timeout(1)).service(find);
const late = new ServiceBuilder().layer(andThen(serviceFn((page: Page) => page.length)));
// @ts-expect-error the second takes pages, the first gives numbers
late.service(find);

// A generic function can put a whole stack around any service.
const guard = new ServiceBuilder()
  .layer(trace())
  .layer(recover(OverloadedError, () => "busy" as const))
  .layer(loadShed())
  .layer(buffer({ capacity: 8 }))
  .layer(retry(retryPolicy({ maxRetries: 3 })))
  .layer(optional(concurrencyLimit(4)))
  .layer(either(true, concurrencyLimit(1), timeout(4)))
  .layer(rateLimit({ limit: 4, interval: 100 }))
  .layer(filter(() => true))
  .layer(timeout(100));
const guardFn = <Req, Res>(handler: (request: Req, options: CallOptions) => Promise<Res>) => guard.serviceFn(handler);
expectTypeOf(guardFn(async ({ path }: Ask) => path)).toEqualTypeOf<
  Service<Ask, string, BufferClosedError | TimeoutError | FilteredError>
>();
const guardService = <Req, Res, Err>(service: Service<Req, Res, Err>) => boxed(guard.service(service));
expectTypeOf(guardService(find)).toEqualTypeOf<
  Service<Ask, number | "busy", NotFound | BufferClosedError | TimeoutError | FilteredError>
>();
