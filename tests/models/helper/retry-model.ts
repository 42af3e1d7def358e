import { GateModel } from "./gate-model.ts";
import type { ModelJob } from "./model.ts";
import { type News, PlainGate } from "./plain-gate.ts";

/** One gate inside a retry. Each attempt has a place of its own there: the number of the caller, and 1,000 for each before it. */
export class RetryModel extends GateModel {
  /** Until when callers want an answer. */
  readonly deadlines: Map<number, number> = new Map();
  private readonly maxRetries: number;
  private readonly delay: number;
  /** Those in a backoff, and when they ask again. */
  private readonly backoffs: Map<number, number> = new Map();
  private retries = 0;
  /** By how much timers are late: each has a time of its own to wait for. */
  private late = 0;

  constructor(max: number, maxRetries: number, delay: number) {
    super((news: News) => new PlainGate(max, news));
    this.maxRetries = maxRetries;
    this.delay = delay;
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
    this.gate.leave(this.placeOf(who));
  }

  protected override answered(job: ModelJob, how: string): void {
    const { who } = job;
    const again = how !== "answered" && !this.aborted.has(who) && this.attempts(who) <= this.maxRetries;
    const deadline = this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
    if (!again || this.now + this.delay >= deadline) super.answered(job, how);
    else if (this.delay === 0) this.ask(who);
    else this.backoffs.set(who, this.now - this.late + this.delay);
  }

  protected override granted(who: number): void {
    if (this.attempts(who) === 0) super.granted(who);
    else this.begin(who, who);
  }

  protected override begin(who: number, request: number): void {
    const place = this.placeOf(who);
    if (place !== who) this.retries++;
    super.begin(who, request, place);
  }

  /** Readiness is asked for anew. */
  private ask(who: number): void {
    const place = this.placeOf(who);
    if (!this.gate.take(place)) this.gate.join(place);
    else if (this.fails()) this.fail(who, "not ready");
    else this.granted(who);
  }

  private placeOf(who: number): number {
    return who + 1_000 * this.attempts(who);
  }

  private attempts(who: number): number {
    return this.jobs.filter((job) => job.who === who).length;
  }
}
