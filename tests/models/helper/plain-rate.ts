import { type RateAlgorithm, type RateRules, rooms } from "@sluice/test-kit";
import { type News, PlainGate } from "./plain-gate.ts";

/** A rate, as simple as possible: a list of all starts. Admitted are the callers that have not started yet. */
export class PlainRate extends PlainGate {
  readonly starts: number[] = [];
  /** The deadlines of waiting callers. */
  readonly deadlines: Map<number, number> = new Map();
  /** Callers that cannot start by their deadline. */
  readonly refused: number[] = [];
  private readonly rules: RateRules;
  private readonly algorithm: RateAlgorithm;

  constructor(rules: RateRules, algorithm: RateAlgorithm, news?: News) {
    super(rules.burst, news);
    this.rules = rules;
    this.algorithm = algorithm;
  }

  override get room(): number {
    return this.roomAfter(this.starts, this.now) - this.inside.size;
  }

  /** In how many milliseconds a new caller could start. */
  get retryAfter(): number {
    return this.earliest(this.inside.size + this.line.length + 1) - this.now;
  }

  /** Whether there is a timer: for waiting callers that time can help. */
  get armed(): number {
    return this.line.length > 0 && this.inside.size < this.max ? 1 : 0;
  }

  override join(who: number): void {
    if (this.now + this.retryAfter > this.deadlineOf(who)) this.refused.push(who);
    else {
      super.join(who);
      // Behind other callers nothing changes, unless there is no timer: while permits use the whole rate.
      if (this.line.length === 1 || this.inside.size >= this.max) this.serve();
    }
  }

  start(who: number): void {
    this.inside.delete(who);
    this.starts.push(this.now);
    this.serve();
  }

  /** Time passes. While permits use the whole rate, time changes nothing, and there is no timer. */
  tick(ms: number, rings: boolean): void {
    this.now += ms;
    if (rings && this.inside.size < this.max) this.serve();
  }

  override serve(): void {
    for (let [first] = this.line; first !== undefined; [first] = this.line) {
      if (this.earliest(this.inside.size + 1) > this.deadlineOf(first)) {
        this.refused.push(first);
        this.line.shift();
      } else if (this.room > 0) this.serveFirst();
      else return;
    }
  }

  /** When the last of `count` starts is possible, each as early as allowed, found by trying every millisecond. */
  private earliest(count: number): number {
    const starts = [...this.starts];
    for (let [time, left] = [this.now, count]; ; time++) {
      for (let room = this.roomAfter(starts, time); room > 0; room--) {
        if (--left === 0) return time;
        starts.push(time);
      }
    }
  }

  private roomAfter(starts: readonly number[], time: number): number {
    return rooms[this.algorithm](this.rules, starts, time);
  }

  private deadlineOf(who: number): number {
    return this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
  }
}
