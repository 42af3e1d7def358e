import { GateModel } from "./gate-model.ts";
import type { ModelJob } from "./model.ts";
import { type News, PlainGate } from "./plain-gate.ts";

/**
 * One gate with a retry outside or inside it. With the retry outside, each attempt has its own slot: the number of the caller, plus 1,000
 * for each earlier attempt. With the retry inside, a caller has one slot, until all attempts and their registered work have ended.
 */
export class RetryModel extends GateModel {
  /** The deadlines of callers. */
  readonly deadlines: Map<number, number> = new Map();
  private readonly maxRetries: number;
  private readonly delay: number;
  private readonly outside: boolean;
  /** Callers in a backoff, and when they ask again. */
  private readonly backoffs: Map<number, number> = new Map();
  private retries = 0;
  /** By how much timers are late, for each has its own time. */
  private late = 0;

  /** @param outside whether the retry is outside the gate */
  constructor(max: number, maxRetries: number, delay: number, outside: boolean) {
    super((news: News) => new PlainGate(max, news));
    this.maxRetries = maxRetries;
    this.delay = delay;
    this.outside = outside;
  }

  override counters(): readonly number[] {
    return [...super.counters(), this.retries, this.backoffs.size];
  }

  override tick(ms: number, rings = true): void {
    super.tick(ms);
    if (!rings) this.late += ms;
    for (const [who, due] of this.backoffs) {
      if (due > this.now - this.late) continue;
      this.later(() => {
        // Unless they aborted in the same turn.
        if (this.backoffs.delete(who)) this.ask(who);
      });
    }
  }

  protected override waits(who: number): boolean {
    return this.backoffs.has(who) || super.waits(this.placeOf(who));
  }

  protected override giveUp(who: number): void {
    this.backoffs.delete(who);
    super.giveUp(who);
  }

  protected override fail(who: number, why: string): void {
    this.states[who] = why;
    if (this.outside || this.attempts(who) === 0) this.gate.leave(this.placeOf(who));
    else this.later(() => this.leaveWhenOver(who));
  }

  protected override over(job: ModelJob): void {
    if (this.outside) super.over(job);
    else this.leaveWhenOver(job.who);
  }

  protected override answered(job: ModelJob, how: string): void {
    const { who } = job;
    const again = how !== "answered" && !this.aborted.has(who) && this.attempts(who) <= this.maxRetries;
    const deadline = this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
    if (!again || this.now + this.delay >= deadline) super.answered(job, how);
    else if (this.delay === 0) this.ask(who);
    else this.backoffs.set(who, this.now - this.late + this.delay);
    if (!this.outside) this.leaveWhenOver(who);
  }

  protected override granted(who: number): void {
    if (this.attempts(who) === 0) super.granted(who);
    else this.begin(who, who);
  }

  protected override begin(who: number, request: number): void {
    if (this.attempts(who) > 0) this.retries++;
    super.begin(who, request, this.placeOf(who));
  }

  /** Asks for readiness again. */
  private ask(who: number): void {
    const place = this.placeOf(who);
    if (this.outside && !this.gate.take(place)) this.gate.join(place);
    else if (this.fails()) this.fail(who, "not ready");
    else this.granted(who);
  }

  private placeOf(who: number): number {
    return this.outside ? who + 1_000 * this.attempts(who) : who;
  }

  /** The slot of a call is free when it has its answer, and no attempt has running work. */
  private leaveWhenOver(who: number): void {
    const goesOn = this.jobs.some((job) => job.who === who && job.pending > 0);
    if (!goesOn && this.states[who] !== "pending") this.gate.leave(who);
  }

  private attempts(who: number): number {
    return this.jobs.filter((job) => job.who === who).length;
  }
}
