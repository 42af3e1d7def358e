import {
  type Adds,
  type AnyService,
  identity,
  middleware,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  failOnStatus,
  fetchService,
  httpClient,
  type HttpClient,
  type HttpRequest,
  type NetworkError,
  propagate,
  retryIdempotent,
  type StatusError,
  toFetch,
} from "../../src/index.ts";

declare class CircuitOpenError extends Error {
  readonly code: "CIRCUIT";
}
declare class SlowError extends Error {
  readonly code: "SLOW";
}
declare function slowly(): Service<HttpRequest, Response, SlowError> | undefined;
const breaker = middleware<Adds<CircuitOpenError>>("breaker", (request, next, options) => next(request, options));
const slow = middleware<Adds<SlowError>>("slow", (request, next, options) => next(request, options));

// A request.
expectTypeOf<Request>().toExtend<HttpRequest>();
expectTypeOf<{
  url: string;
  method: undefined;
  headers: undefined;
  body: undefined;
  signal: undefined;
}>().toExtend<HttpRequest>();
const request: HttpRequest = { url: "/", body: () => new Blob([]).stream() };
// @ts-expect-error an address is needed
const nowhere: HttpRequest = { method: "GET" };
// @ts-expect-error the method is said once
const twice: HttpRequest = { url: "/", init: { method: "PUT" } };
void [request, nowhere, twice];

// Services and layers.
expectTypeOf(fetchService()).toEqualTypeOf<Service<HttpRequest, Response, NetworkError>>();
const failing = new ServiceBuilder().layer(propagate()).layer(failOnStatus()).service(fetchService());
expectTypeOf(failing).toEqualTypeOf<Service<HttpRequest, Response, NetworkError | StatusError>>();
expectTypeOf(toFetch(failing)).toEqualTypeOf<typeof fetch>();

// @ts-expect-error it looks at responses, and the service inside gives others
new ServiceBuilder().layer(failOnStatus()).service(serviceFn((n: number) => n));
// @ts-expect-error it looks at requests, and the service inside takes others
new ServiceBuilder().layer(propagate()).service(serviceFn((n: number) => new Response(String(n))));
// @ts-expect-error the other side is not told with a header that is true
propagate({ timeoutHeader: true });
// @ts-expect-error a fetch asks with requests
toFetch(serviceFn((n: number) => new Response(String(n))));
// @ts-expect-error and is answered with responses
toFetch(serviceFn((asked: HttpRequest) => asked.url));

// The client.
expectTypeOf(httpClient()).toEqualTypeOf<HttpClient<NetworkError | StatusError>>();
expectTypeOf(httpClient({})).toEqualTypeOf<HttpClient<NetworkError | StatusError>>();
expectTypeOf(httpClient({ breaker, attempt: slow })).toEqualTypeOf<
  HttpClient<NetworkError | StatusError | CircuitOpenError | SlowError>
>();
expectTypeOf(httpClient({ total: slow, status: identity(), propagate: propagate() })).toEqualTypeOf<
  HttpClient<NetworkError | SlowError>
>();
expectTypeOf(httpClient({ transport: serviceFn((_asked: HttpRequest) => new Response()) })).toEqualTypeOf<
  HttpClient<StatusError>
>();
expectTypeOf(httpClient({ transport: undefined })).toEqualTypeOf<HttpClient<NetworkError | StatusError>>();
const sends: Service<HttpRequest, Response, SlowError> | undefined = slowly();
expectTypeOf(httpClient({ transport: sends })).toEqualTypeOf<HttpClient<NetworkError | SlowError | StatusError>>();
const perhaps = Math.random() > 0.5 ? breaker : undefined;
expectTypeOf(httpClient({ breaker: perhaps })).toEqualTypeOf<
  HttpClient<NetworkError | StatusError | CircuitOpenError>
>();
expectTypeOf(httpClient({ breaker: undefined })).toEqualTypeOf<HttpClient<NetworkError | StatusError>>();
expectTypeOf(httpClient().fetch).toEqualTypeOf<typeof fetch>();
expectTypeOf(httpClient()).toExtend<Service<HttpRequest, Response, NetworkError | StatusError>>();
expectTypeOf(httpClient()).toExtend<AnyService>();

// An edge that must answer for everything says what is left.
// @ts-expect-error its failures are not answered for
const safe: Service<HttpRequest, Response, never> = httpClient();
void safe;

// @ts-expect-error there is no such place
httpClient({ retries: breaker });
// @ts-expect-error a layer, not its options
httpClient({ limit: 5 });
// @ts-expect-error a layer that looks at other requests does not fit
httpClient({ limit: middleware("mine", (n: number, next, options) => next(n, options)) });
// @ts-expect-error a transport that takes other requests does not fit
httpClient({ transport: serviceFn((n: number) => new Response(String(n))) });
// @ts-expect-error nor does one with other answers
httpClient({ transport: serviceFn((asked: HttpRequest) => asked.url) });
// @ts-expect-error nor without the status layer
httpClient({ status: identity(), transport: serviceFn((asked: HttpRequest) => asked.url) });
// @ts-expect-error nor does what is no service
httpClient({ transport: fetch });
// @ts-expect-error of any kind
httpClient({ transport: 5 });
// @ts-expect-error it is not to be set
httpClient().fetch = fetch;

expectTypeOf(retryIdempotent.cloneRequest).toEqualTypeOf<(request: HttpRequest) => HttpRequest | undefined>();
