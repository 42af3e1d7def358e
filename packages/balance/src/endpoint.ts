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

/** What is known of one of the services behind a balancer. */
export interface BalanceEndpoint {
  /** What it was added under. */
  readonly key: unknown;
  /** Its share of the load, beside the others'. */
  readonly weight: number;
  /** Permits held there and calls whose work has not settled. Callers who wait are not counted. */
  readonly pending: number;
  /** The latency that is expected of it, in milliseconds; undefined unless `load` is `"peak-ewma"`. */
  readonly rtt: number | undefined;
  /** Until when it is ejected, in the clock's milliseconds; undefined where it is in use. */
  readonly ejectedUntil: number | undefined;
  /** How often it was ejected of late: each `interval` in use without another ejection takes one off. */
  readonly ejections: number;
}

/** A call that was answered. */
export interface Answered {
  readonly request: unknown;
  readonly outcome: Outcome;
  readonly signal: AbortSignal | undefined;
  /** When it began; 0 where nobody wants to know. */
  readonly begun: number;
}

/** Who is told what goes on at an endpoint. */
export interface EndpointOwner {
  /** Permits and calls at all endpoints. */
  pending: number;
  /** A call with this request begins. Answers with the time, where that is wanted. */
  began(endpoint: Endpoint, request: unknown): number;
  answered(endpoint: Endpoint, call: Answered): void;
  /** Something that was held there is given back: there may be room. */
  left(endpoint: Endpoint): void;
  /** The expected latency now. */
  rttOf(endpoint: Endpoint): number | undefined;
}

/** One of the services, behind a gate that lets everybody in and counts them. */
export class Endpoint implements Gate<unknown>, BalanceEndpoint {
  readonly key: unknown;
  readonly weight: number;
  /** What was added. */
  readonly made: AnyService;
  /** Undefined unless latencies are measured. */
  readonly latency: PeakEwma | undefined;
  /** Undefined unless outliers are ejected. */
  readonly outlier: OutlierRecord | undefined;
  pending = 0;
  /** It is no longer one of the set: nothing is handed out there any more. */
  deleted = false;
  /** Callers who waited elsewhere and are about to join its lines. Newcomers are let in after them. */
  joining = 0;
  /** The lease that was made last. */
  latest: EndpointLease | undefined = undefined;
  private readonly owner: EndpointOwner;
  private readonly service: Service<any, any, any>;
  /** Whether what is asked for now is granted at once or not at all. */
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
    return this.outlier?.ejectedUntil;
  }

  get ejections(): number {
    return this.outlier?.ejections ?? 0;
  }

  /** Whether it shall not be used for now. */
  get ejected(): boolean {
    return this.outlier?.ejectedUntil !== undefined;
  }

  /** A permit now, or none. Throws as `tryReady` does. */
  tryReady(request: unknown): Permit<any, any, any> | undefined {
    this.trying = true;
    try {
      return this.service.tryReady(request);
    } finally {
      this.trying = false;
      this.latest = undefined;
    }
  }

  /** Waits for a permit in the lines of the service. It is not counted before it is granted: `latest` is its lease. */
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

  acquire(): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }

  /** Whether `lease` is being asked for: when it is given back, there was no room for it. */
  isTrying(lease: EndpointLease): boolean {
    return this.trying && this.latest === lease;
  }
}

/** Somebody who holds a permit of an endpoint, or whose call runs there. */
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

  /** It is granted. */
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
    if (!endpoint.isTrying(this)) owner.left(endpoint);
  }
}
