import {
  type About,
  type CallOptions,
  type Gate,
  type Lease,
  type Outcome,
  OverloadedError,
  type ReadyOptions,
} from "@sluice/core";
import { type AnswerSlot, AnswerSlots, type Counts, giveSlots, type Notes } from "@sluice/core/internal";
import { abortReason, SteadyTime } from "@sluice/core/kit";
import { TimeWindow, type WindowCounts } from "@sluice/core/stats";
import { Debt } from "./debt.ts";
import { readSettings, type Settings, type ThrottleOptions } from "./options.ts";
import { verdictBy, verdictByDefault } from "./verdict.ts";

/** What errors call the layer. */
export const layerName = "throttle";

/** A call that was let in. */
class ThrottledCall implements Notes {
  request: unknown = undefined;
  signal: AbortSignal | undefined = undefined;
  /** When its call began, where somebody wants to know. */
  since = 0;
  /** How much of it was owed. */
  share = 0;

  forget(): void {
    this.request = this.signal = undefined;
  }
}

/**
 * The gate behind {@link throttle}, for a layer of another name, and for a gate made of gates: a throttle for each key.
 *
 * @example
 * const throttle = new Throttle({ label: "search" });
 * const service = new ServiceBuilder().layer(gate(throttle, { name: "search" })).serviceFn(ask);
 */
export class Throttle<Req = unknown, Res = unknown> implements Gate<Req, OverloadedError>, Counts<ThrottledCall, Req> {
  /** Carries the failure in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError) | undefined;
  /** It counts answers, and holds no capacity for work that goes on. */
  readonly holds = "answer";
  private readonly settings: Settings;
  private readonly time: SteadyTime;
  /** The requests; those that were not accepted count as failures. */
  private readonly window: TimeWindow;
  private readonly debt: Debt = new Debt();
  private readonly slots: AnswerSlots<ThrottledCall> = new AnswerSlots(this, () => new ThrottledCall());
  private held = 0;
  private refusals = 0;

  /** @throws TypeError | RangeError when an option is not in its range */
  constructor(options?: ThrottleOptions<Req, Res>);
  /** @internal `owner` is what errors call it */
  constructor(options?: ThrottleOptions<Req, Res>, owner?: string);
  constructor(options?: ThrottleOptions<Req, Res>, owner = "Throttle") {
    giveSlots(asMade(), () => ({ trySlot: (throttle) => throttle.trySlot() }));
    this.settings = readSettings(owner, options);
    this.time = new SteadyTime(this.settings.clock);
    this.window = new TimeWindow(this.settings.window, 30);
  }

  /** Requests in the window: answered, or refused here. */
  get requests(): number {
    return this.window.at(this.time.now()).calls;
  }

  /** Those of them that the other side accepted. */
  get accepts(): number {
    const { calls, failures } = this.window.at(this.time.now());
    return calls - failures;
  }

  /** The share of callers that are refused now. */
  get probability(): number {
    return this.shareOf(this.window.at(this.time.now()));
  }

  /** Permits held, and calls that have no answer. */
  get active(): number {
    return this.held;
  }

  /** How many were refused here, from the beginning. */
  get refused(): number {
    return this.refusals;
  }

  /** Whether no caller holds a permit, and nothing was counted of late. */
  get idle(): boolean {
    return this.held === 0 && this.requests === 0;
  }

  /** @internal what the layer says of itself */
  get about(): About {
    const { label, k, window, minimumPerSecond, max } = this.settings;
    return { label, facts: { k, window, minimumPerSecond, max } };
  }

  /** What it counts: for a logger. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label } = this.settings;
    const { requests, accepts, probability, active, refused } = this;
    return { label, requests, accepts, probability, active, refused };
  }

  /** A lease. Throws `OverloadedError` for the share of those who ask that is to be refused. */
  tryAcquire(): Lease<Req> {
    return this.slots.lease(this.trySlot());
  }

  /** As {@link tryAcquire}, by a promise: nobody waits here. */
  acquire({ signal }: ReadyOptions<Req> = {}): Promise<Lease<Req>> {
    try {
      if (signal?.aborted) throw abortReason(signal);
      return Promise.resolve(this.tryAcquire());
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  /** @internal */
  started(call: ThrottledCall, request: Req, { signal }: CallOptions): void {
    const { random, classify } = this.settings;
    if (random !== undefined) {
      // Here, for a call that waits asks twice in one turn, and begins once: maybe long after that.
      const now = this.time.now();
      if (random() < this.shareOf(this.window.at(now))) throw this.refusal(now);
    }
    call.signal = signal;
    if (classify === undefined) return;
    call.request = request;
    call.since = this.time.now();
  }

  /** @internal */
  cancelled({ share }: ThrottledCall): void {
    this.held--;
    this.debt.undo(share);
  }

  /** @internal */
  ended({ signal, request, since }: ThrottledCall, outcome: Outcome): void {
    this.held--;
    const { classify } = this.settings;
    const verdict =
      classify === undefined
        ? verdictByDefault(outcome, signal)
        : verdictBy(classify, { outcome, request, signal, elapsed: this.time.now() - since });
    if (verdict !== "ignore") this.window.add(this.time.now(), verdict === "refused");
  }

  private trySlot(): AnswerSlot<ThrottledCall> {
    const now = this.time.now();
    const counts = this.window.at(now);
    // Nothing is known, and nothing may come back: what was owed is too old.
    if (this.held === 0 && counts.calls === 0) this.debt.clear();
    // Where dice decide, nothing is owed.
    const share = this.settings.random === undefined ? this.shareOf(counts) : 0;
    if (this.debt.ask(share)) throw this.refusal(now);
    this.held++;
    const slot = this.slots.take();
    slot.stay.share = share;
    return slot;
  }

  private shareOf({ calls, failures }: WindowCounts): number {
    const { k, window, minimumPerSecond, max } = this.settings;
    if (calls < (minimumPerSecond * window) / 1_000) return 0;
    return Math.min(max, Math.max(0, (calls - k * (calls - failures)) / (calls + 1)));
  }

  private refusal(now: number): OverloadedError {
    this.refusals++;
    this.window.add(now, true);
    return new OverloadedError(layerName, { label: this.settings.label });
  }
}

/** What all throttles inherit. Not named in the class itself: bundlers call a class that does so by another name. */
function asMade(): Throttle<any, any> {
  return Throttle.prototype;
}
