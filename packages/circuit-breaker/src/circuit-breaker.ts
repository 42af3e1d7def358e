import {
  type About,
  type CallOptions,
  events,
  type Gate,
  type Lease,
  type Outcome,
  type ReadyOptions,
} from "@sluice/core";
import { type AnswerSlot, AnswerSlots, type Counts, giveSlots } from "@sluice/core/internal";
import { abortReason, requireDuration, tell } from "@sluice/core/kit";
import { CircuitOpenError } from "./circuit-open-error.ts";
import { CircuitCall } from "./circuit-call.ts";
import { CircuitLine } from "./circuit-line.ts";
import { Circuit, type CircuitState } from "./circuit.ts";
import { type CircuitBreakerOptions, factsOf, readSettings, type Settings } from "./options.ts";
import { shareBy, shareByDefault } from "./verdict.ts";

/** A change of state. */
export interface CircuitChange {
  /** The state before. */
  readonly from: CircuitState;
  /** The state now. */
  readonly to: CircuitState;
  /** The failure that opened it; undefined where something else did, and for all other changes. */
  readonly cause: unknown;
}

/** What errors and events call the layer. */
export const layerName = "circuitBreaker";

/**
 * The gate behind {@link circuitBreaker}, for a layer of another name, and for a gate made of gates: a breaker for each key.
 *
 * @example
 * const breaker = new CircuitBreaker({ consecutive: 5 });
 * const service = new ServiceBuilder().layer(gate(breaker, { name: "payments" })).serviceFn(pay);
 */
export class CircuitBreaker<Req = unknown, Res = unknown>
  implements Gate<Req, CircuitOpenError>, Counts<CircuitCall, Req>
{
  /** Carries the failure in the types; never there at run time. */
  declare readonly "~failure"?: (() => CircuitOpenError) | undefined;
  /** It counts outcomes, and holds no capacity for work that goes on. */
  readonly holds = "answer";
  /** Why it refuses. */
  readonly reason = "circuit";
  private readonly settings: Settings;
  private readonly circuit: Circuit;
  private readonly slots: AnswerSlots<CircuitCall> = new AnswerSlots(this, () => new CircuitCall());
  private readonly line: CircuitLine<Req>;
  private refusals = 0;

  /** @throws TypeError | RangeError when an option is not in its range */
  constructor(options?: CircuitBreakerOptions<Req, Res>);
  /** @internal `owner` is what errors call it */
  constructor(options?: CircuitBreakerOptions<Req, Res>, owner?: string);
  constructor(options?: CircuitBreakerOptions<Req, Res>, owner = "CircuitBreaker") {
    giveSlots(asMade(), () => ({ trySlot: (breaker) => breaker.trySlot() }));
    this.settings = readSettings(owner, options);
    this.circuit = new Circuit(this.settings, (from, to) => {
      this.announce(from, to);
    });
    this.line = new CircuitLine<Req>(this.circuit, this.settings.clock, {
      letIn: (now) => this.slots.lease(this.letIn(now)),
      refusal: () => this.refusal(),
    });
  }

  /** Its state. The step from open to half-open is taken by the next caller who asks when the break is over. */
  get state(): CircuitState {
    return this.circuit.state;
  }

  /** Calls in the window. */
  get calls(): number {
    return this.circuit.counts(this.line.now()).calls;
  }

  /** Those of them that failed; with fractions where `classify` gives some. */
  get failures(): number {
    return this.circuit.counts(this.line.now()).failures;
  }

  /** Those of them that were slow, or are in flight and slow by now. */
  get slow(): number {
    return this.circuit.counts(this.line.now()).slow;
  }

  /** Permits held, and calls that have no answer. */
  get active(): number {
    return this.circuit.active;
  }

  /** Callers in line; 0 unless `whenOpen` is `"wait"`. */
  get waiting(): number {
    return this.line.size;
  }

  /** How often it has opened. */
  get opened(): number {
    return this.circuit.opened;
  }

  /** How many were refused, from the beginning. */
  get refused(): number {
    return this.refusals;
  }

  /**
   * Whether no caller holds a permit or waits, and it is closed with no failure in a row and no call in its window; or nothing was heard for
   * 60 windows after its break or its last call: what it knows is worth keeping for so long.
   */
  get idle(): boolean {
    return this.circuit.active === 0 && this.line.size === 0 && this.circuit.isFresh(this.line.now());
  }

  /** In how many milliseconds the break is over; undefined when it is not open. */
  retryAfter(): number | undefined {
    return this.circuit.rest(this.line.now());
  }

  /** Opens it, for `ms` milliseconds (above 0 to 2^31-1) or as long as `breakFor` says. Permits in hand stay good. */
  open(ms?: number): void {
    if (ms !== undefined) requireDuration(layerName, "ms of open", ms, { above: true });
    const now = this.line.now();
    this.circuit.open(now, ms);
    this.line.serve(now);
  }

  /** Closes it, and forgets all that was counted. */
  close(): void {
    this.circuit.close();
    this.line.serve(this.line.now());
  }

  /** Admits no call until it is closed or opened by hand. Permits in hand are refused when they are called. */
  isolate(): void {
    this.circuit.isolate();
    this.line.serve(this.line.now());
  }

  /** @internal what the layer says of itself */
  get about(): About {
    return { label: this.settings.label, traits: ["breaks"], facts: factsOf(this.settings) };
  }

  /** Its state and counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label } = this.settings;
    const { state, calls, failures, slow, active, waiting, opened, refused } = this;
    return { label, state, calls, failures, slow, active, waiting, opened, refused, retryAfter: this.retryAfter() };
  }

  /** A lease. Throws {@link CircuitOpenError} where it is open, unless callers wait then. */
  tryAcquire(): Lease<Req> | undefined {
    const slot = this.trySlot();
    return slot && this.slots.lease(slot);
  }

  /**
   * A lease, in turn. Rejects with `signal.reason` when the signal aborts; with {@link CircuitOpenError} where callers do not wait, and where
   * the break is not over by the deadline.
   */
  acquire(options: ReadyOptions<Req> = {}): Promise<Lease<Req>> {
    const { signal } = options;
    try {
      if (signal?.aborted) throw abortReason(signal);
      const lease = this.tryAcquire();
      return lease === undefined ? this.line.join(layerName, options) : Promise.resolve(lease);
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  /** @internal */
  started(call: CircuitCall, request: Req, { signal }: CallOptions): void {
    const { circuit } = this;
    if (circuit.state === "isolated") throw this.refusal();
    // Of an era that is over: nobody will look at it.
    if (!circuit.isCurrent(call)) return;
    call.signal = signal;
    if (this.settings.classify !== undefined) call.request = request;
    else if (!circuit.isTimed) return;
    circuit.begin(call, this.line.now());
    // A probe that has begun is slow before its break is over.
    this.line.watch();
  }

  /** @internal */
  cancelled(call: CircuitCall): void {
    this.circuit.drop(call);
    if (this.line.size > 0) this.line.serve(this.line.now());
  }

  /** @internal */
  ended(call: CircuitCall, outcome: Outcome): void {
    const { circuit } = this;
    if (circuit.isCurrent(call)) {
      const now = this.line.now();
      const reason: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
      circuit.end(call, now, this.shareOf(call, outcome, now), reason);
      if (this.line.size > 0) this.line.serve(now);
    } else circuit.drop(call);
  }

  private trySlot(): AnswerSlot<CircuitCall> | undefined {
    const { circuit } = this;
    if (this.line.blocks()) return undefined;
    let now = 0;
    if (circuit.isTimed) {
      now = this.line.now();
      circuit.advance(now);
    }
    if (circuit.hasRoom) return this.letIn(now);
    if (this.settings.waits) return undefined;
    throw this.refusal();
  }

  private shareOf({ signal, request, since }: CircuitCall, outcome: Outcome, now: number): number | undefined {
    const { classify } = this.settings;
    if (classify === undefined) return shareByDefault(outcome, signal);
    return shareBy(classify, { outcome, request, signal, elapsed: now - since });
  }

  private letIn(now: number): AnswerSlot<CircuitCall> {
    const slot = this.slots.take();
    this.circuit.letIn(slot.stay, now);
    return slot;
  }

  private refusal(): CircuitOpenError {
    this.refusals++;
    const { circuit } = this;
    return new CircuitOpenError(layerName, {
      label: this.settings.label,
      retryAfter: this.retryAfter(),
      isolated: circuit.state === "isolated",
      cause: circuit.cause,
    });
  }

  private announce(from: CircuitState, to: CircuitState): void {
    const { onChange, label } = this.settings;
    const cause = to === "open" ? this.circuit.cause : undefined;
    if (events.listening) events.emit({ type: "state", layer: layerName, label, source: this, from, to, cause });
    tell(onChange, { from, to, cause });
  }
}

/** What all breakers inherit. Not named in the class itself: bundlers call a class that does so by another name. */
function asMade(): CircuitBreaker<any, any> {
  return CircuitBreaker.prototype;
}
