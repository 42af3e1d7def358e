import { Model, type ModelJob } from "./model.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { PlainGate } from "./plain-gate.ts";
import { PlainThrottle, type ThrottleRules } from "./plain-throttle.ts";

export interface ThrottleShape extends Omit<ThrottleRules, "dice"> {
  /** The limit inside. */
  readonly room: number;
  readonly dice: boolean;
  readonly classifies: boolean;
}

/** The verdict on an answer; undefined means the default. */
export type VerdictOn = (
  how: string,
  request: number,
  aborted: boolean,
) => "accepted" | "refused" | "ignore" | undefined;

/** A throttle in front of a gate. */
export class ThrottleModel extends Model {
  readonly throttle: PlainThrottle;
  readonly gate: PlainGate;
  private readonly verdictOn: VerdictOn;

  constructor(rules: ThrottleRules, max: number, verdictOn: VerdictOn) {
    super();
    this.throttle = new PlainThrottle(rules);
    const news = new NewsInOrder(
      (tell) => this.later(tell),
      ({ who }) => this.arrive(who),
    );
    this.gate = new PlainGate(max, news);
    this.verdictOn = verdictOn;
  }

  counters(): readonly number[] {
    return [...this.throttle.counters, ...this.gate.counters];
  }

  override tick(ms: number): void {
    super.tick(ms);
    this.gate.now = this.throttle.now = this.now;
  }

  /** Leaves the line immediately; outer layers release at the end of the turn. */
  override abort(who: number): void {
    this.aborted.add(who);
    if (!this.waits(who)) return;
    this.gate.leave(who);
    this.states[who] = "aborted";
    this.later(() => this.throttle.cancel(who));
  }

  protected take(who: number): boolean | string {
    if (!this.throttle.ask(who)) return "overloaded: throttle";
    const reserved = this.gate.take(who);
    if (reserved && !this.fails()) return true;
    this.leave(who);
    return reserved ? "not ready" : false;
  }

  protected wait(who: number): void {
    if (this.throttle.ask(who)) this.gate.join(who);
    else this.states[who] = "refused, although it was let in before";
  }

  protected waits(who: number): boolean {
    return this.gate.line.includes(who);
  }

  protected leave(place: number): void {
    this.gate.leave(place);
    this.throttle.cancel(place);
  }

  protected override over(job: ModelJob): void {
    this.gate.leave(job.place);
  }

  protected tell(): boolean {
    return false;
  }

  protected override begin(who: number, request: number): void {
    if (this.throttle.begins()) super.begin(who, request);
    else this.fail(who, "overloaded: throttle");
  }

  protected override answered(job: ModelJob, how: string): void {
    const { who, request } = job;
    const aborted = this.aborted.has(who);
    const verdict = this.verdictOn(how, request, aborted);
    this.throttle.answered(who, verdict ?? verdictByDefault(how, aborted));
    super.answered(job, how);
  }
}

function verdictByDefault(how: string, aborted: boolean): "accepted" | "refused" | "ignore" {
  if (how === "answered") return "accepted";
  if (how.startsWith("overloaded")) return "refused";
  return aborted ? "ignore" : "accepted";
}
