import {
  type AnyService,
  type CallOptions,
  gate,
  type Gate,
  type Lease,
  type Outcome,
  type Permit,
  type ReadyOptions,
  type Service,
} from "@sluice/core";
import type { PeakEwma } from "@sluice/core/stats";
import type { OutlierRecord } from "./outliers.ts";

/** One of the services behind a balancer, and its counters. */
export interface BalanceEndpoint {
  /** The key that it was added with. */
  readonly key: unknown;
  /** Its share of the load, relative to the other endpoints. */
  readonly weight: number;
  /** Permits held there and calls whose work has not settled. Callers who wait are not counted. */
  readonly pending: number;
  /** Its expected latency, in milliseconds; undefined unless `load` is `"peak-ewma"`. */
  readonly rtt: number | undefined;
  /** Until when it is ejected, in the clock's milliseconds; undefined where it is in use. */
  readonly ejectedUntil: number | undefined;
  /** How often it was ejected recently: the next ejection first takes off one for each `interval` in use since the last one. */
  readonly ejections: number;
}

/** A call that was answered. */
export interface Answered {
  readonly request: unknown;
  readonly outcome: Outcome;
  readonly signal: AbortSignal | undefined;
  /** When it began; 0 where neither latencies nor failures are measured. */
  readonly begun: number;
}

/** Is notified of what happens at an endpoint. */
export interface EndpointOwner {
  readonly watcher: {
    /** A permit was released or a call has ended: there may be room. */
    left(endpoint: Endpoint): void;
  };
  /** Permits and calls at all endpoints. */
  pending: number;
  /** Endpoints whose readiness has failed: circuits and connections say to nobody that they work again. */
  readonly failing: Set<Endpoint>;
  /** A call with this request begins. Returns the time, or 0 where it is not needed. */
  began(endpoint: Endpoint, request: unknown): number;
  answered(endpoint: Endpoint, call: Answered): void;
  /** The expected latency now. */
  rttOf(endpoint: Endpoint): number | undefined;
  /** Until when it is ejected, in the clock's milliseconds. */
  untilOf(endpoint: Endpoint): number | undefined;
}

/** One of the services, behind a gate that admits every caller and counts them. */
export class Endpoint implements Gate<unknown>, BalanceEndpoint {
  readonly key: unknown;
  readonly weight: number;
  /** The service that was added. */
  readonly made: AnyService;
  /** Undefined unless latencies are measured. */
  readonly latency: PeakEwma | undefined;
  /** Undefined unless outliers are ejected. */
  readonly outlier: OutlierRecord | undefined;
  pending = 0;
  /** It was deleted: it grants no more permits. */
  deleted = false;
  /** Callers in other lines who are about to join its line. New callers are admitted after them. */
  joining = 0;
  /** The lease of the permit that is being asked for. */
  latest: EndpointLease | undefined = undefined;
  private readonly owner: EndpointOwner;
  private readonly service: Service<any, any, any>;
  /** Whether {@link tryReady} is running. */
  private trying = false;

  constructor(owner: EndpointOwner, made: AnyService, known: Pick<Endpoint, "key" | "weight" | "latency" | "outlier">) {
    this.owner = owner;
    this.made = made;
    this.key = known.key;
    this.weight = known.weight;
    this.latency = known.latency;
    this.outlier = known.outlier;
    this.service = gate(this, { name: "endpoint" }).wrap(made as Service<any, any, any>);
  }

  get rtt(): number | undefined {
    return this.owner.rttOf(this);
  }

  get ejectedUntil(): number | undefined {
    return this.owner.untilOf(this);
  }

  get ejections(): number {
    return this.outlier?.ejections ?? 0;
  }

  /** Whether it is ejected. */
  get ejected(): boolean {
    return this.outlier?.ejectedUntil !== undefined;
  }

  /** A permit now, or none. Throws as `tryReady` does. */
  tryReady(request: unknown): Permit<any, any, any> | undefined {
    this.trying = true;
    try {
      return this.service.tryReady(request);
    } catch (error) {
      this.owner.failing.add(this);
      throw error;
    } finally {
      this.trying = false;
      this.latest = undefined;
    }
  }

  /** Waits for a permit in the lines of the service. Its lease is `latest`, and is not counted before the permit is granted. */
  wait(options: ReadyOptions<unknown>): Promise<Permit<any, any, any>> {
    this.trying = false;
    return this.service.ready(options);
  }

  tryAcquire(): Lease {
    const lease = new EndpointLease(this, this.owner);
    this.latest = lease;
    if (this.trying) lease.count();
    return lease;
  }

  /* v8 ignore next 3 -- it admits every caller, so that none waits */
  acquire(): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }

  /** Whether {@link tryReady} is asking for `lease`. If it is released then, the service had no room. */
  isTrying(lease: EndpointLease): boolean {
    return this.trying && this.latest === lease;
  }
}

/** A permit that is held at an endpoint, or a call that runs there. */
export class EndpointLease implements Lease {
  private readonly endpoint: Endpoint;
  private readonly owner: EndpointOwner;
  private counted = false;
  private request: unknown = undefined;
  private signal: AbortSignal | undefined = undefined;
  private begun = 0;

  constructor(endpoint: Endpoint, owner: EndpointOwner) {
    this.endpoint = endpoint;
    this.owner = owner;
  }

  /** The permit is granted. */
  count(): void {
    if (this.counted) return;
    this.counted = true;
    this.endpoint.pending++;
    this.owner.pending++;
  }

  cancel(): void {
    this.leave();
  }

  start(request: unknown, { signal }: CallOptions): void {
    this.count();
    this.request = request;
    this.signal = signal;
    this.begun = this.owner.began(this.endpoint, request);
  }

  answered(outcome: Outcome): void {
    const { request, signal, begun } = this;
    this.owner.answered(this.endpoint, { request, outcome, signal, begun });
  }

  finish(): void {
    this.leave();
  }

  private leave(): void {
    const { endpoint, owner } = this;
    if (!this.counted) return;
    this.counted = false;
    endpoint.pending--;
    owner.pending--;
    if (!endpoint.isTrying(this)) owner.watcher.left(endpoint);
  }
}
