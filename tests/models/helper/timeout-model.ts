import { GateModel } from "./gate-model.ts";
import type { ModelJob } from "./model.ts";
import { type News, PlainGate } from "./plain-gate.ts";

export interface Times {
  readonly ready: number | undefined;
  readonly call: number | undefined;
  readonly total: number | undefined;
}

/** When a caller times out, and by which of the bounds. */
interface Bound {
  readonly due: number;
  readonly phase: string;
}

/** One gate with a timeout outside or inside it: a list of deadlines, checked at the end of the turn. */
export class TimeoutModel extends GateModel {
  /** The deadlines of callers. */
  readonly deadlines: Map<number, number> = new Map();
  private readonly times: Times;
  private readonly outside: boolean;
  private readonly waiting: Map<number, Bound> = new Map();
  private readonly running: Map<ModelJob, Bound> = new Map();
  private readonly abandoned: Set<ModelJob> = new Set();
  private readonly givenUp: Set<ModelJob> = new Set();
  /** When waiting callers asked, and how long they waited. */
  private readonly asked: Map<number, number> = new Map();
  private readonly waited: Map<number, number> = new Map();
  private timedOut = 0;

  constructor(max: number, times: Times, outside: boolean) {
    super((news: News) => new PlainGate(max, news));
    this.times = times;
    this.outside = outside;
  }

  override counters(): readonly number[] {
    return [...super.counters(), this.timedOut, this.abandoned.size];
  }

  /** Whether there is no deadline, so that no timer must be armed. */
  get idle(): boolean {
    return this.waiting.size + this.running.size === 0;
  }

  override signalled(job: ModelJob): boolean {
    return super.signalled(job) || this.givenUp.has(job);
  }

  override abort(who: number): void {
    super.abort(who);
    // A caller that aborted waits only for its work.
    for (const job of this.running.keys()) if (job.who === who) this.running.delete(job);
  }

  /** An answer by the end of the turn is in time. */
  override settle(): void {
    super.settle();
    for (const [who, { due, phase }] of this.waiting) if (due <= this.now) this.timeOut(who, phase);
    for (const [job, { due, phase }] of this.running) {
      if (due > this.now) continue;
      this.running.delete(job);
      this.abandoned.add(job);
      this.givenUp.add(job);
      this.timedOut++;
      this.states[job.who] = `timed out: ${phase}`;
    }
    super.settle();
  }

  protected override wait(who: number): void {
    if (this.outside) {
      const { ready, total } = this.times;
      const bound = earliest([this.in("ready", ready), this.in("total", total), this.deadlineOf(who)]);
      if (bound.due <= this.now) {
        this.timeOut(who, bound.phase);
        return;
      }
      this.waiting.set(who, bound);
    }
    this.asked.set(who, this.now);
    super.wait(who);
  }

  protected override granted(who: number): void {
    this.waiting.delete(who);
    const since = this.asked.get(who);
    if (since !== undefined && this.outside) this.waited.set(who, this.now - since);
    // A timeout inside the gate is asked only now.
    const late = !this.outside && this.asked.has(who) && this.deadlineOf(who).due <= this.now;
    if (late) this.timeOut(who, "deadline");
    else super.granted(who);
  }

  protected override begin(who: number, request: number): void {
    const { call, total } = this.times;
    const left = total === undefined ? undefined : total - (this.waited.get(who) ?? 0);
    const bound = earliest([this.in("call", call), this.in("total", left), this.deadlineOf(who)]);
    if (bound.due <= this.now) this.timeOut(who, bound.phase);
    else {
      super.begin(who, request);
      if (bound.due < Number.POSITIVE_INFINITY) this.running.set(this.jobs.at(-1)!, bound);
    }
  }

  protected override answered(job: ModelJob, how: string): void {
    this.running.delete(job);
    if (!this.abandoned.delete(job)) super.answered(job, how);
  }

  protected override fail(who: number, why: string): void {
    this.waiting.delete(who);
    super.fail(who, why);
  }

  private timeOut(who: number, phase: string): void {
    this.timedOut++;
    this.fail(who, `timed out: ${phase}`);
  }

  private in(phase: string, ms: number | undefined): Bound {
    return { due: ms === undefined ? Number.POSITIVE_INFINITY : this.now + ms, phase };
  }

  private deadlineOf(who: number): Bound {
    return { due: this.deadlines.get(who) ?? Number.POSITIVE_INFINITY, phase: "deadline" };
  }
}

/** The first of the earliest deadlines. */
function earliest(bounds: readonly Bound[]): Bound {
  return bounds.reduce((first, bound) => (bound.due < first.due ? bound : first));
}
