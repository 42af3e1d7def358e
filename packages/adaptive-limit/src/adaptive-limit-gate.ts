import {
  type Clock,
  events,
  type Gate,
  type Lease,
  type Outcome,
  type ReadyOptions,
  Semaphore,
  type SemaphoreOptions,
  type WaitingLine,
} from "@sluice/core";
import {
  classified,
  type Classify,
  readOptions,
  report,
  requireClock,
  requireFunction,
  requireLabel,
  requireLine,
  requireNumber,
  SteadyTime,
} from "@sluice/core/kit";
import { within } from "./bounds.ts";
import { type Classification, classifyByDefault, requireVerdict } from "./classify.ts";
import type { LimitAlgorithm, LimitSample } from "./limit-algorithm.ts";
import { claimAlgorithm, readAlgorithm } from "./read-algorithm.ts";
import { type MeasuredCall, type Measures, MeasuredLease } from "./measured-lease.ts";
import { SampleWindow } from "./sample-window.ts";
import { requireWindow, type WindowOptions } from "./window-options.ts";

/** Options of {@link AdaptiveLimit}. */
export interface AdaptiveLimitGateOptions<Req = unknown, Err = never> {
  /**
   * How calls are gathered before the algorithm is asked; default windows of 1,000 ms and 10 calls or more. `false`: each call by itself,
   * for algorithms with `eachSample` alone.
   */
  readonly window?: WindowOptions | false | undefined;
  /**
   * What a call says of the limit; undefined: as by default. Called once for each call that has its answer, in the caller's async context.
   * Where it throws or returns something else, that is reported, and the default counts. By default a response is a success; a timeout and a
   * refusal are dropped; other failures, open circuits and calls whose caller gave up are ignored.
   */
  readonly classify?: Classify<Classification, Req> | undefined;
  /** Makes the line in which callers wait, for an order of its own; default first come, first served. */
  readonly line?: ((serve: () => void) => WaitingLine<Lease, Req, Err>) | undefined;
  /** Where round trips are measured; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this limit apart from others: `"db"`. It is on its events. Default: none. */
  readonly label?: string | undefined;
}

/** After how many windows without a call that counts a limit may be forgotten. */
const staleAfter = 60;

const name = "adaptiveLimit";

/**
 * The gate behind {@link adaptiveLimit}: a semaphore whose `max` follows an algorithm. For `gate()`, under a name of its own, and for a
 * limit for each key. `Err` is what its line refuses with.
 *
 * @example
 * const service = new ServiceBuilder().layer(gate(new AdaptiveLimit(vegas()), { name: "upstream" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class AdaptiveLimit<in Req = unknown, out Err = never> implements Gate<Req, Err>, Measures<Req> {
  /** Tells this limit apart from others. */
  readonly label: string | undefined;
  /** What the limit is never below. */
  readonly min: number;
  /** What the limit is never above. */
  readonly max: number;
  /** The option `line`, where there is one: with the counters that it may have. */
  readonly line: AdaptiveLimitGateOptions<Req, Err>["line"];
  declare readonly "~failure"?: (() => Err) | undefined;
  private readonly algorithm: LimitAlgorithm;
  private readonly semaphore: Semaphore<Err>;
  private readonly window: SampleWindow | undefined;
  private readonly staleTime: number;
  private readonly classify: Classify<Classification, Req> | undefined;
  private readonly time: SteadyTime;
  private inflight = 0;
  private lastRtt: number | undefined = undefined;
  /** When the last call that counts ended. */
  private lastSample: number = Number.NEGATIVE_INFINITY;
  private reported = false;

  /** @param owner what errors call it */
  constructor(algorithm: LimitAlgorithm, options?: AdaptiveLimitGateOptions<Req, Err>, owner = "AdaptiveLimit") {
    const { min, max, limit, eachSample } = readAlgorithm(owner, algorithm);
    const read = readOptions(owner, options, ["window", "classify", "line", "clock", "label"]);
    this.algorithm = algorithm;
    this.min = min;
    this.max = max;
    this.label = requireLabel(owner, read.label);
    const window = requireWindow(owner, read.window, eachSample);
    this.window = window && new SampleWindow(window);
    this.staleTime = staleAfter * (window?.time ?? 1_000);
    if (read.classify !== undefined) requireFunction(owner, "classify", read.classify);
    this.classify = read.classify;
    const clock = requireClock(owner, read.clock);
    this.time = new SteadyTime(clock);
    this.line = read.line;
    this.semaphore = new Semaphore(Math.floor(limit), { clock, line: lineOf(owner, read.line) });
    // Last: where an option was wrong, the algorithm is still free.
    claimAlgorithm(algorithm);
  }

  /** How many calls are let in at once, now. */
  get limit(): number {
    return this.semaphore.max;
  }

  /** Permits held: those reserved, and those whose work has not settled. */
  get active(): number {
    return this.semaphore.active;
  }

  /** Whether its line refuses, by itself, callers that are too many or wait too long. */
  get bounded(): boolean {
    return this.semaphore.bounded;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.semaphore.waiting;
  }

  /** How many more permits there are right now. */
  get available(): number {
    return this.semaphore.available;
  }

  /** For how many milliseconds the longest holder has had its permit; 0 when none is held. */
  get oldest(): number {
    return this.semaphore.oldest;
  }

  /** The round trip of the last sample, in milliseconds; undefined before the first. */
  get rtt(): number | undefined {
    return this.lastRtt;
  }

  /** What the algorithm takes for a round trip without a queue, in milliseconds; undefined where it knows none. */
  get baseline(): number | undefined {
    return this.algorithm.baseline;
  }

  /** Whether no permit is held, no caller waits, and no call has counted for 60 windows: what was found is worth keeping for so long. */
  get idle(): boolean {
    return this.semaphore.idle && this.lastSample + this.staleTime <= this.time.now();
  }

  /** The counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, limit, active, waiting, available, oldest, rtt, baseline } = this;
    return { label, limit, active, waiting, available, oldest, rtt, baseline };
  }

  /** A permit, when one is free and no waiter comes before `request`. */
  tryAcquire(request?: Req): Lease | undefined {
    return this.semaphore.tryAcquire(request);
  }

  /** A permit, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options?: ReadyOptions<Req>): Promise<Lease> {
    return this.semaphore.acquire(options);
  }

  /** The lease of a call that is measured. */
  admitted(lease: Lease): Lease<Req> {
    return new MeasuredLease(this, lease);
  }

  /** @internal a call starts; returns how many are in flight with it */
  enter(): number {
    this.inflight++;
    return this.inflight;
  }

  /** @internal a call that has started ends, or is refused by an inner layer */
  leave(): void {
    this.inflight--;
  }

  /** @internal the time, in milliseconds */
  now(): number {
    return this.time.now();
  }

  /** @internal what a call that has its answer says */
  verdictOn(outcome: Outcome, { request, signal, since }: MeasuredCall<Req>): Classification {
    const { classify } = this;
    const verdict =
      classify && classified(classify, { outcome, request, signal, elapsed: this.time.now() - since }, requireVerdict);
    return verdict ?? classifyByDefault(outcome, signal);
  }

  /** @internal a call that counts has ended */
  learn(since: number, inflight: number, dropped: boolean): void {
    const now = this.time.now();
    this.lastSample = now;
    const rtt = now - since;
    const sample =
      this.window === undefined
        ? { rtt, error: 0, inflight, dropped, count: 1 }
        : this.window.add(rtt, inflight, dropped, now);
    if (sample !== undefined) this.adapt(sample);
  }

  private adapt(sample: LimitSample): void {
    this.lastRtt = sample.rtt;
    const from = this.limit;
    const to = Math.floor(this.ask(sample));
    // Who uses less than half of the limit has not shown that there is room for more.
    if (to === from || (to > from && sample.inflight * 2 < from)) return;
    this.semaphore.max = to;
    if (!events.listening) return;
    const { label } = this;
    const reason = to > from ? "headroom" : sample.dropped ? "dropped" : "latency";
    events.emit({ type: "limit", layer: name, label, source: this, from, to, reason });
  }

  /** What the algorithm makes of a sample, within its bounds. The first answer that is outside is reported. */
  private ask(sample: LimitSample): number {
    const { min, max, limit } = this;
    let found: unknown;
    try {
      found = this.algorithm.sample(sample);
      requireNumber(name, "what sample returns", found, { min, max, infinity: true });
    } catch (error) {
      if (!this.reported) report(error);
      this.reported = true;
    }
    return typeof found === "number" && !Number.isNaN(found) ? within(found, min, max) : limit;
  }
}

/** A checked line, under the name of who was given it. */
function lineOf<Req, Err>(
  owner: string,
  line: ((serve: () => void) => WaitingLine<Lease, Req, Err>) | undefined,
): SemaphoreOptions<Err>["line"] {
  if (line === undefined) return undefined;
  let serve = (): void => {};
  const made = requireLine<Lease, Err>(owner, line, () => {
    serve();
  });
  return (served) => {
    serve = served;
    return made;
  };
}
