import {
  type AnyService,
  type CallOptions,
  type FailureOf,
  madeOf,
  type OverloadedError,
  type Permit,
  type ReadyOptions,
  type ResponseOf,
  Service,
} from "@sluice/core";
import { readOptions, requireObject, throwIfAborted } from "@sluice/core/kit";
import { ByKey } from "./by-key.ts";
import { type Announce, announcer } from "./change.ts";
import type { Chooser } from "./chooser.ts";
import { Discovery } from "./discovery.ts";
import type { BalanceEndpoint } from "./endpoint.ts";
import { EndpointSet } from "./endpoint-set.ts";
import {
  type BalanceOptions,
  type EndpointEntry,
  type EndpointOptions,
  factsOf,
  layerName,
  readSettings,
  type Settings,
} from "./options.ts";
import { readEntries } from "./entries.ts";
import { TwoChoices } from "./two-choices.ts";
import { Waiting } from "./waiting.ts";

/** The requests that every one of several services takes: a request may go to any of them. */
export type RequestOfAll<S> = [S] extends [Service<infer Req, infer _Res, infer _Err>] ? Req : never;

/** One service over many equal ones, and its counters. */
export interface Balance<S extends AnyService> extends Service<
  RequestOfAll<S>,
  ResponseOf<S>,
  FailureOf<S> | OverloadedError
> {
  /** The endpoints, in the order in which they were added. The list is a snapshot; its members are live. */
  readonly endpoints: readonly BalanceEndpoint[];
  /** How many endpoints there are. */
  readonly size: number;
  /** How many of them are ejected. */
  readonly ejected: number;
  /** Whether so many are ejected that all endpoints are used. */
  readonly panicking: boolean;
  /** Permits held and calls whose work has not settled, at all endpoints, deleted ones included. */
  readonly pending: number;
  /** Callers who wait. */
  readonly waiting: number;
  /**
   * Adds an endpoint, and deletes one with the same key. Waiting callers may be served there immediately.
   *
   * @throws TypeError | RangeError when `service` is not a service, an option is not in its range, or `pick` refuses its key or weight
   */
  add(key: unknown, service: S, options?: EndpointOptions): void;
  /**
   * Deletes an endpoint: it grants no more permits. Permits in hand stay valid, running calls go on, and callers who waited only there wait
   * elsewhere. Returns whether there was one.
   */
  delete(key: unknown): boolean;
  /** Stops reading the async iterable of endpoints, and calls the `return` of its iterator. */
  stopDiscovery(): void;
  /** The label and the counters. */
  toJSON(): Record<string, unknown>;
}

/**
 * One service over many equal ones.
 *
 * It picks two endpoints at random and asks the less busy one for a permit, then the other, then all the rest, so no caller begins to wait while
 * any endpoint has room. It skips endpoints whose readiness fails: an open circuit, a connection that is down. A caller that has to wait does
 * so in the lines of `waitAt` endpoints, and is served by the first that has room. Put the limit, the breaker and the timeout of an
 * endpoint into the service that you add.
 *
 * @example
 * const users = balance({ endpoints: hosts.map((host) => [host, userService(host)]), outliers: {} });
 * users.add("10.0.0.9", userService("10.0.0.9"));
 * await users.call("ann");
 *
 * @throws TypeError | RangeError when an option is not in its range, or an endpoint is not a service
 */
export function balance<S extends AnyService>(options?: BalanceOptions<S>): Balance<S> {
  const { endpoints, ...settings } = readSettings(options);
  const service = new BalanceService<S>(settings);
  if (endpoints !== undefined) service.fill(endpoints);
  return madeOf<Balance<S>>(service, {
    name: layerName,
    about: { label: settings.label, traits: ["balances"], facts: factsOf(settings) },
    branches: () => service.branches(),
  });
}

class BalanceService<S extends AnyService>
  extends Service<RequestOfAll<S>, ResponseOf<S>, FailureOf<S> | OverloadedError>
  implements Balance<S>
{
  private readonly set: EndpointSet;
  private readonly lines: Waiting;
  private readonly chooser: Chooser;
  private readonly announce: Announce;
  private readonly label: string | undefined;
  private discovery: Discovery | undefined = undefined;

  constructor(settings: Settings) {
    super();
    const { pick, waitAt, label } = settings;
    this.label = label;
    this.announce = announcer(settings, this);
    const lines = new Waiting(pick === undefined ? waitAt : 1, pick === undefined);
    const set = new EndpointSet(settings, lines, this.announce);
    lines.room = set;
    this.set = set;
    this.lines = lines;
    this.chooser = pick === undefined ? new TwoChoices(set, lines, settings) : new ByKey(set, lines, settings);
  }

  get endpoints(): readonly BalanceEndpoint[] {
    // To read `usable` readmits endpoints whose ejection is over.
    return this.set.usable && this.set.all;
  }
  get size(): number {
    return this.set.all.length;
  }
  get ejected(): number {
    return this.set.ejected;
  }
  get panicking(): boolean {
    return this.set.panicking;
  }
  get pending(): number {
    return this.set.pending;
  }
  get waiting(): number {
    return this.lines.size;
  }

  toJSON(): Record<string, unknown> {
    const { label, size, ejected, pending, waiting } = this;
    return { label, size, ejected, pending, waiting };
  }

  add(key: unknown, service: S, options?: EndpointOptions): void {
    this.set.add(key, service, options);
  }

  delete(key: unknown): boolean {
    return this.set.delete(key);
  }

  stopDiscovery(): void {
    this.discovery?.stop();
  }

  override tryReady(request?: RequestOfAll<S>): Permit<any, any, any> | undefined {
    return this.chooser.tryReady(request);
  }

  override ready(options: ReadyOptions<RequestOfAll<S>> = {}): Promise<Permit<any, any, any>> {
    try {
      readOptions("ready", options as ReadyOptions & CallOptions, ["request", "signal", "deadline", "waitUntil"]);
      throwIfAborted(options.signal);
      const permit = this.chooser.tryReady(options.request);
      return permit === undefined ? this.chooser.wait(options) : Promise.resolve(permit);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override call(request: RequestOfAll<S>, options?: CallOptions): Promise<any> {
    try {
      if (options !== undefined) requireObject("call", "options", options);
      const signal = options?.signal;
      const deadline = options?.deadline;
      throwIfAborted(signal);
      const permit = this.chooser.tryReady(request);
      if (permit !== undefined) return permit.call(request, options);
      return this.chooser.wait({ request, signal, deadline }).then((granted) => granted.call(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @internal adds the endpoints of the options */
  fill(endpoints: Iterable<EndpointEntry<S>> | AsyncIterable<unknown>): void {
    const entries = readEntries(endpoints);
    if (entries !== undefined) {
      for (const [key, service, options] of entries) this.set.add(key, service, options, "each of endpoints");
    } else {
      this.discovery = new Discovery(endpoints as AsyncIterable<unknown>, this.set, (cause) => {
        this.announce({ type: "discovery-failed", cause });
      });
    }
  }

  /** @internal for `describe` */
  *branches(): Iterable<readonly [unknown, AnyService]> {
    for (const { key, made } of this.set.all) yield [key, made];
  }
}
