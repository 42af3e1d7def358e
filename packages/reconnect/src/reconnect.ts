import {
  type AnyService,
  type CallOptions,
  type FailureOf,
  madeOf,
  type OverloadedError,
  type Permit,
  type Raises,
  type ReadyOptions,
  refuse,
  type RequestOf,
  type ResponseOf,
  Service,
} from "@sluice/core";
import { requireFunction, requireObject } from "@sluice/core/kit";
import { type ConnectionState, Connector } from "./connector.ts";
import { layerName, readSettings, type ReconnectOptions, type Settings } from "./options.ts";

/** A service that is made when it is first needed, and what is known of it. */
export interface Reconnect<in Req, out Res, out Err = unknown> extends Service<Req, Res, Err> {
  /** Whether there is a connection. */
  readonly state: ConnectionState;
  /** Permits held, calls whose work has not settled, and callers that wait inside a connection, on connections that broke too. */
  readonly active: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Attempts to connect, from the beginning. */
  readonly attempts: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** Connections that broke. */
  readonly breaks: number;
  /** What the latest attempt failed with, or the latest connection broke with; undefined before. */
  readonly failure: unknown;
  /** In how many milliseconds an attempt may begin: 0 from the end of a backoff until somebody asks; undefined without a backoff. */
  readonly retryAfter: number | undefined;
  /** The name, the label, the state and the counters. */
  toJSON(): Record<string, unknown>;
}

/**
 * A service that is made when it is first needed, and made again once a failure shows that it is broken.
 *
 * Readiness is a connection. Without one `tryReady` returns undefined, and begins an attempt; `ready` and `call` wait for it, all for the
 * same. What it fails with is their failure of readiness. The next attempt begins after a backoff, and only when somebody asks. A caller
 * who aborts leaves alone: the attempt goes on for the next.
 *
 * A connection that breaks ends no other call. A permit belongs to the connection from which it was had, and so does a caller that waits
 * inside it. After a connection that has answered something, the next attempt begins at once.
 *
 * @example
 * const db = reconnect(async () => {
 *   const client = await connect({ timeout: 5_000 });
 *   return serviceFn((sql: string) => client.query(sql));
 * }, { isBroken: (failure) => failure instanceof ConnectionLostError });
 *
 * @param make makes the service; it runs in the async context of the caller that begins the attempt, and in that of none where callers have
 *   waited for the end of a backoff. It should give up by itself: an attempt that never settles is the only one
 * @param _failures what `make` is known to raise (default: nothing), as `raises<ConnectError>()`
 * @throws TypeError when `make` is not a function, or an option is not as it must be
 */
export function reconnect<S extends AnyService, Err = never>(
  make: () => S | PromiseLike<S>,
  options?: ReconnectOptions<NoInfer<S>>,
  _failures?: Raises<Err>,
): Reconnect<RequestOf<S>, ResponseOf<S>, FailureOf<S> | Err | OverloadedError> {
  requireFunction(layerName, "make", make);
  const settings = readSettings(options);
  const connector = new Connector(make, settings);
  const service = new ReconnectService<RequestOf<S>, ResponseOf<S>, any>(connector, settings);
  return madeOf(service, {
    name: layerName,
    about: { label: settings.label },
    branches: () => (connector.current === undefined ? [] : [["connection", connector.current.made] as const]),
  });
}

class ReconnectService<in Req, out Res, out Err> extends Service<Req, Res, Err> implements Reconnect<Req, Res, Err> {
  private readonly connector: Connector;
  private readonly settings: Settings;

  constructor(connector: Connector, settings: Settings) {
    super();
    this.connector = connector;
    this.settings = settings;
    connector.source = this;
  }

  get state(): ConnectionState {
    return this.connector.state;
  }
  get active(): number {
    return this.connector.active;
  }
  get waiting(): number {
    return this.connector.waiting;
  }
  get attempts(): number {
    return this.connector.attempts;
  }
  get failures(): number {
    return this.connector.failures;
  }
  get breaks(): number {
    return this.connector.breaks;
  }
  get failure(): unknown {
    return this.connector.failure;
  }
  get retryAfter(): number | undefined {
    return this.connector.retryAfter;
  }

  toJSON(): Record<string, unknown> {
    const { label } = this.settings;
    const { state, active, waiting, attempts, failures, breaks, retryAfter } = this;
    return { name: layerName, label, state, active, waiting, attempts, failures, breaks, retryAfter };
  }

  override tryReady(request?: Req): Permit<Req, Res, Err> | undefined {
    const { open } = this.connector;
    if (open !== undefined) return open.service.tryReady(request);
    this.connector.connect();
    return refuse(layerName, {
      label: this.settings.label,
      reason: "connection",
      retryAfter: this.connector.retryAfter,
    });
  }

  override ready(options: ReadyOptions<Req> = {}): Promise<Permit<Req, Res, Err>> {
    try {
      const { open } = this.connector;
      if (open !== undefined) return open.service.ready(options);
      requireObject("ready", "options", options);
      return this.connector.join(options, ({ service }) => service.ready(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override call(request: Req, options: CallOptions = {}): Promise<Res> {
    try {
      const { open } = this.connector;
      if (open !== undefined) return open.service.call(request, options);
      requireObject("call", "options", options);
      const { signal, deadline } = options;
      return this.connector.join({ request, signal, deadline }, ({ service }) => service.call(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
