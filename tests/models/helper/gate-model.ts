import { Model } from "./model.ts";
import { type News, type PlainGate, tellAll } from "./plain-gate.ts";

/** One gate in front of a service that is ready, except for failures: a job holds its slot until all its work has ended. */
export class GateModel<G extends PlainGate = PlainGate> extends Model {
  readonly gate: G;
  private readonly news: News = [];

  constructor(gateWith: (news: News) => G) {
    super();
    this.gate = gateWith(this.news);
  }

  counters(): readonly number[] {
    return this.gate.counters;
  }

  override tick(ms: number): void {
    super.tick(ms);
    this.gate.now = this.now;
  }

  protected take(who: number): boolean | string {
    if (!this.gate.take(who)) return false;
    if (!this.fails()) return true;
    this.leave(who);
    return "not ready";
  }

  protected wait(who: number): void {
    this.gate.join(who);
  }

  protected waits(who: number): boolean {
    return this.gate.line.includes(who);
  }

  protected leave(place: number): void {
    this.gate.leave(place);
  }

  protected tell(): boolean {
    return tellAll(this.news, (place) => this.arrive(place % 1_000));
  }
}
