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
 * The layers of {@link httpClient}, the outermost first. All are optional, and any layer may be in any place: the names say what each place
 * is for.
 */
export interface HttpClientOptions {
  /** Bounds the time of all attempts together, and of the wait in line before them: `timeout({ total: 30_000 })`. */
  readonly total?: AnyLayer | undefined;
  /** Retries transient failures: `retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() }))`. */
  readonly retry?: AnyLayer | undefined;
  /** Refuses while the other service fails: a circuit breaker. It sees the failure of each attempt; a timeout is one. */
  readonly breaker?: AnyLayer | undefined;
  /** Limits concurrent attempts: `concurrencyLimit(100)`. Inside `retry`, so that no permit is held during a backoff. */
  readonly limit?: AnyLayer | undefined;
  /** Bounds the time of one attempt; choose it several times shorter than `total`: `timeout(10_000)`. */
  readonly attempt?: AnyLayer | undefined;
  /** Keeps the permits of outer layers until the response's body has ended, so that `limit` counts it: `untilBodyEnds()`. */
  readonly body?: AnyLayer | undefined;
  /** Sends the remaining time and the caller's headers to the other service: `propagate({ … })`. */
  readonly propagate?: AnyLayer | undefined;
  /**
   * Turns responses with a failing status into failures; default `failOnStatus()`. `identity()` leaves it out: then no layer sees a 503 as
   * a failure.
   */
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

/** The service that the layers of `O` make of its transport. */
type StackOf<O> = ApplyAll<Kinds<O>, O extends { readonly transport: infer S } ? Sends<S> : Sends<undefined>>;

type Sends<S> = Exclude<S, undefined> | (undefined extends S ? Service<HttpRequest, Response, NetworkError> : never);

/** `unknown` where the layers make a service from requests to responses; otherwise a type that names what does not fit. */
type FitsClient<O> = [StackOf<O>] extends [Service<HttpRequest, Response>]
  ? unknown
  : [StackOf<O>] extends [AnyService]
    ? Mismatch<
        "a client takes requests and answers with responses, and its layers make something else",
        HttpRequest,
        StackOf<O>
      >
    : Fits<StackOf<O>>;

/** Forbids members that {@link HttpClientOptions} does not have, which a type parameter alone would allow. */
type Known<O> = { readonly [K in Exclude<keyof O, keyof HttpClientOptions>]: never };

/**
 * As {@link HttpClientOptions}, but the type of a transport that is made in place is inferred from it alone: with a contextual type of any
 * failures, `serviceFn` would infer that it may fail with anything. {@link FitsClient} checks that it is a service.
 */
type Given = Omit<HttpClientOptions, "transport"> & { readonly transport?: unknown };

/** A client: a service, and a `fetch`. */
export interface HttpClient<out Err = unknown> extends Service<HttpRequest, Response, Err> {
  /** Like the global `fetch`, through all layers: it resolves with a response whatever its status. See `toFetch`. It needs no `this`. */
  readonly fetch: typeof fetch;
  /** The names of the layers, the outermost first. */
  describe(): readonly string[];
}

const name = "httpClient";

/**
 * A client with the usual layers in the right order: total timeout, retry, circuit breaker, concurrency limit, timeout of an attempt,
 * status, transport. Without options it is `fetch` with failures for failing responses. For another order use `ServiceBuilder` and
 * {@link toFetch}.
 *
 * `client.call(request, options)` rejects with any failure, a failing status included; `client.fetch(url, init)` resolves with any
 * response. The signal of the options or of the request aborts waits in lines and backoffs, the exchange, and the reading of the response's
 * body. A signal in the options replaces that of the request, as with `fetch`.
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
 * @throws TypeError when an option is not a layer or a service, or a layer with state occurs twice
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
  // A layer, so that stacks around the client know which state it contains.
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

  /**
   * Sets one signal in both places: inside a timeout the signal of the options works only until the head, that of the request until the end
   * of the body.
   */
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
