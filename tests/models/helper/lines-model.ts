import { Model } from "./model.ts";
import { type News, type PlainGate, tellAll } from "./plain-gate.ts";
import { PlainRate } from "./plain-rate.ts";

/** Gates in a row, the first outermost. A caller that one gate has admitted joins the next. */
export class LinesModel extends Model {
  readonly gates: readonly PlainGate[];

  private readonly news: News = [];

  constructor(gatesWith: (news: News) => readonly PlainGate[]) {
    super();
    this.gates = gatesWith(this.news);
  }

  counters(): readonly number[] {
    return this.gates.flatMap(({ counters }) => counters);
  }

  override tick(ms: number): void {
    super.tick(ms);
    for (const gate of this.gates) {
      if (gate instanceof PlainRate) gate.tick(ms, true);
      else gate.now = this.now;
    }
  }

  /** All or nothing. */
  protected take(who: number): boolean | string {
    const full = this.gates.findIndex((gate) => !gate.take(who));
    if (full === -1 && !this.fails()) return true;
    this.leave(who);
    return full === -1 ? "not ready" : false;
  }

  protected wait(who: number): void {
    this.enter(who, 0);
  }

  protected waits(who: number): boolean {
    return this.gates.some(({ line }) => line.includes(who));
  }

  /** Leaves the line immediately; outer layers release at the end of the turn. */
  override abort(who: number): void {
    this.aborted.add(who);
    const gate = this.gates.find(({ line }) => line.includes(who));
    if (gate === undefined) return;
    gate.leave(who);
    this.later(() => this.giveUp(who));
  }

  protected leave(who: number): void {
    for (const gate of [...this.gates].reverse()) gate.leave(who);
  }

  protected tell(): boolean {
    return tellAll(this.news, (who, gate) => {
      if (this.aborted.has(who)) this.giveUp(who);
      else this.enter(who, this.gates.indexOf(gate) + 1);
    });
  }

  protected override begin(who: number, request: number): void {
    super.begin(who, request);
    for (const gate of this.gates) if (gate instanceof PlainRate) gate.start(who);
  }

  /** Moves callers inwards as far as there is room. */
  private enter(who: number, from: number): void {
    const full = this.gates.slice(from).find((gate) => !gate.take(who));
    if (full !== undefined) full.join(who);
    else if (this.fails()) this.fail(who, "not ready");
    else this.granted(who);
  }
}
