import {
  type AnyLayer,
  type AnyService,
  type ApplyAll,
  type CallOptions,
  type FailureOf,
  type Fits,
  type Keeps,
  type KindOfOptional,
  layerFn,
  type Mismatch,
  type Permit,
  type ReadyOptions,
  Service,
  ServiceBuilder,
} from "@sluice/core";
import { readOptions, requireMethods, requireObject, requireService } from "@sluice/core/kit";
import { failOnStatus, type FailsOnStatus } from "./fail-on-status.ts";
import { fetchService } from "./fetch-service.ts";
import { type HttpRequest, isRequest } from "./http-request.ts";
import type { NetworkError } from "./network-error.ts";
import { toFetch } from "./to-fetch.ts";

/**
 * The layers of {@link httpClient}, the outermost first. Each may be left out, and any layer fits anywhere: the names say what each place is
 * for.
 */
export interface HttpClientOptions {
  /** Bounds all attempts together, and the wait in line before them: `timeout({ total: 30_000 })`. */
  readonly total?: AnyLayer | undefined;
  /** Tries again what may pass: `retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() }))`. */
  readonly retry?: AnyLayer | undefined;
  /** Refuses while the other side fails: a circuit breaker. It sees the failure of each attempt, and a time-out as one. */
  readonly breaker?: AnyLayer | undefined;
  /** How many attempts there may be at once: `concurrencyLimit(100)`. Inside `retry`, so that none is held in a backoff. */
  readonly limit?: AnyLayer | undefined;
  /** Bounds one attempt, several times shorter than `total`: `timeout(10_000)`. */
  readonly attempt?: AnyLayer | undefined;
  /** Holds what is outside until the response's body has ended, so that `limit` counts it: a layer that hands the body up. */
  readonly body?: AnyLayer | undefined;
  /** Tells the other side how much time is left, and what belongs to the caller: `propagate({ … })`. */
  readonly propagate?: AnyLayer | undefined;
  /** Makes failures of failing responses; default `failOnStatus()`. `identity()` leaves it out: then nobody sees a 503 as a failure. */
  readonly status?: AnyLayer | undefined;
  /** The service that sends; default `fetchService()`. */
  readonly transport?: AnyService | undefined;
}

/** The places of layers, the outermost first. */
const places = ["total", "retry", "breaker", "limit", "attempt", "body", "propagate", "status"] as const;

type Place = (typeof places)[number];

/** The kinds of the layers of `O`, the outermost first. */
type Kinds<O> = [
  KindAt<O, "total">,
  KindAt<O, "retry">,
  KindAt<O, "breaker">,
  KindAt<O, "limit">,
  KindAt<O, "attempt">,
  KindAt<O, "body">,
  KindAt<O, "propagate">,
  O extends { readonly status: infer L } ? KindOfOptional<L> : FailsOnStatus,
];

type KindAt<O, P extends Place> = O extends { readonly [K in P]: infer L } ? KindOfOptional<L> : Keeps;

/** What the layers of `O` make of its transport. */
type StackOf<O> = ApplyAll<Kinds<O>, O extends { readonly transport: infer S } ? Sends<S> : Sends<undefined>>;

type Sends<S> = Exclude<S, undefined> | (undefined extends S ? Service<HttpRequest, Response, NetworkError> : never);

/** `unknown` where the layers fit and make of requests responses; else what does not. */
type FitsClient<O> = [StackOf<O>] extends [Service<HttpRequest, Response>]
  ? unknown
  : [StackOf<O>] extends [AnyService]
    ? Mismatch<
        "a client takes requests and answers with responses, and its layers make something else",
        HttpRequest,
        StackOf<O>
      >
    : Fits<StackOf<O>>;

/** No other members than those of {@link HttpClientOptions}: type parameters do not see to that themselves. */
type Known<O> = { readonly [K in Exclude<keyof O, keyof HttpClientOptions>]: never };

/**
 * As {@link HttpClientOptions}, where the type of a transport that is made in place is its own: to expect a service of any failures would
 * make `serviceFn` one that may fail with anything. {@link FitsClient} sees to it that it is a service.
 */
type Given = Omit<HttpClientOptions, "transport"> & { readonly transport?: unknown };

/** What {@link httpClient} makes: a service, and a `fetch`. */
export interface HttpClient<out Err = unknown> extends Service<HttpRequest, Response, Err> {
  /**
   * As the global `fetch`, through all layers: it resolves with a response whatever its status. See `toFetch`. It needs no `this`, so it
   * can be handed on.
   */
  readonly fetch: typeof fetch;
  /** The names of the layers, the outermost first. */
  describe(): readonly string[];
}

const name = "httpClient";

/**
 * A client with the layers that most clients want, in the order that they need: total time-out, retry, circuit breaker, concurrency limit,
 * time-out of an attempt, status, transport. What is left out is not there, so without options it is `fetch` whose failing responses are
 * failures. For another order use `ServiceBuilder`, and {@link toFetch}.
 *
 * `client.call(request, options)` rejects with what failed, a failing status included; `client.fetch(url, init)` resolves with any
 * response. A signal, of the options or of the request, aborts waiting in lines and in backoffs, the exchange, and the reading of the
 * response's body; one in the options takes the place of the request's own, as with `fetch`.
 *
 * @example
 * const client = httpClient({
 *   total: timeout({ total: 30_000 }),
 *   retry: retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() })),
 *   limit: concurrencyLimit(100),
 *   attempt: timeout(10_000),
 * });
 * const response = await client.fetch("https://example.com/users/1");
 *
 * @throws TypeError when an option is not a layer or a service, or a layer that holds state stands there twice
 */
export function httpClient<const O extends Given = { readonly total?: undefined }>(
  options?: O & FitsClient<O> & Known<O>,
): HttpClient<FailureOf<StackOf<O>>> {
  const read = readOptions(name, options as HttpClientOptions | undefined, [...places, "transport"]);
  const { status = failOnStatus(), transport = fetchService() } = read;
  requireService(name, "transport", transport);
  const layers: { readonly [P in Place]?: AnyLayer | undefined } = { ...read, status };
  let builder: ServiceBuilder<any> = new ServiceBuilder();
  for (const place of places) {
    const layer = layers[place];
    if (layer === undefined) continue;
    requireMethods(name, place, layer, "a layer", ["wrap"]);
    builder = builder.layer(layer);
  }
  // As a layer, so that stacks around the client know which state is in it.
  const edge = layerFn<any>(name, (inner): Service<any, any, any> => new Client(inner, builder.describe()));
  return edge.wrap(builder.service(transport) as never) as Client<any>;
}

class Client<Err> extends Service<HttpRequest, Response, Err> implements HttpClient<Err> {
  readonly fetch: typeof fetch = toFetch(this);
  private readonly stack: Service<HttpRequest, Response, Err>;
  private readonly names: readonly string[];

  constructor(stack: Service<HttpRequest, Response, Err>, names: readonly string[]) {
    super();
    this.stack = stack;
    this.names = names;
  }

  override tryReady(request?: HttpRequest): Permit<HttpRequest, Response, Err> | undefined {
    return this.stack.tryReady(request);
  }

  override ready(options?: ReadyOptions<HttpRequest>): Promise<Permit<HttpRequest, Response, Err>> {
    return this.stack.ready(options);
  }

  /** One signal for both: that of the options ends with the head of the response inside a timeout, that of the request with its body. */
  override call(request: HttpRequest, options: CallOptions = {}): Promise<Response> {
    try {
      requireObject("call", "options", options);
      const { signal = request.signal ?? undefined } = options;
      if (signal === undefined) return this.stack.call(request, options);
      return this.stack.call(withSignal(request, signal), { ...options, signal });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  describe(): readonly string[] {
    return this.names;
  }
}

function withSignal(request: HttpRequest, signal: AbortSignal): HttpRequest {
  if (request.signal === signal) return request;
  return isRequest(request) ? new Request(request, { signal }) : { ...request, signal };
}
