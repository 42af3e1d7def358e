import { GateModel } from "./gate-model.ts";
import type { ModelJob } from "./model.ts";
import { type News, PlainGate } from "./plain-gate.ts";

/**
 * One gate with a retry outside or inside it. Inside a retry, each attempt has a place of its own there: the number of the caller, and 1,000
 * for each before it. Around one, a caller has one place, until all attempts and what they handed up are over.
 */
export class RetryModel extends GateModel {
  /** Until when callers want an answer. */
  readonly deadlines: Map<number, number> = new Map();
  private readonly maxRetries: number;
  private readonly delay: number;
  private readonly outside: boolean;
  /** Those in a backoff, and when they ask again. */
  private readonly backoffs: Map<number, number> = new Map();
  private retries = 0;
  /** By how much timers are late: each has a time of its own to wait for. */
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
        // Unless they gave up in the same turn.
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

  /** Readiness is asked for anew. */
  private ask(who: number): void {
    const place = this.placeOf(who);
    if (this.outside && !this.gate.take(place)) this.gate.join(place);
    else if (this.fails()) this.fail(who, "not ready");
    else this.granted(who);
  }

  private placeOf(who: number): number {
    return this.outside ? who + 1_000 * this.attempts(who) : who;
  }

  /** The place of a call is free when it has its answer, and nothing goes on of any attempt. */
  private leaveWhenOver(who: number): void {
    const goesOn = this.jobs.some((job) => job.who === who && job.pending > 0);
    if (!goesOn && this.states[who] !== "pending") this.gate.leave(who);
  }

  private attempts(who: number): number {
    return this.jobs.filter((job) => job.who === who).length;
  }
}
