import { Model, type ModelJob } from "./model.ts";
import { type CircuitRules, PlainCircuit } from "./plain-circuit.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { type News, PlainGate } from "./plain-gate.ts";

export interface CircuitShape extends Omit<CircuitRules, "breakFor"> {
  readonly max: number;
  /** Whether breaks grow until the service has recovered. */
  readonly grows: boolean;
  readonly classifies: boolean;
}

/** The failure value of a request's outcome; undefined where it is ignored, and NaN for the default. */
export type Shares = (outcome: string, request: number, elapsed: number, aborted: boolean) => number | undefined;

/** A circuit in front of a gate. */
export class CircuitModel extends Model {
  readonly circuit: PlainCircuit;
  readonly gate: PlainGate;
  private readonly shares: Shares;
  private readonly waitsWhenOpen: boolean;

  constructor(rules: CircuitRules, max: number, shares: Shares) {
    super();
    const news = new NewsInOrder(
      (tell) => this.later(tell),
      (entry) => this.move(entry),
    );
    this.circuit = new PlainCircuit(rules, news);
    this.gate = new PlainGate(max, news);
    this.shares = shares;
    this.waitsWhenOpen = rules.waits;
  }

  counters(): readonly number[] {
    const { circuit, gate } = this;
    const { state } = circuit;
    return [
      ["closed", "open", "half-open", "isolated"].indexOf(state),
      ...circuit.counters,
      circuit.retryAfter ?? -1,
      ...gate.counters,
    ];
  }

  override tick(ms: number, rings = true): void {
    super.tick(ms);
    this.gate.now = this.circuit.now = this.now;
    if (rings) this.circuit.serve();
    this.hearRefusals();
  }

  override settle(): void {
    super.settle();
    this.hearRefusals();
  }

  /** Leaves the line immediately; outer layers release at the end of the turn. */
  override abort(who: number): void {
    this.aborted.add(who);
    const gate = [this.circuit, this.gate].find(({ line }) => line.includes(who));
    if (gate === undefined) return;
    gate.leave(who);
    this.states[who] = "aborted";
    if (gate === this.gate) this.later(() => this.circuit.leave(who));
  }

  protected take(who: number): boolean | string {
    if (!this.circuit.take(who)) return this.waitsWhenOpen ? false : this.circuit.refuse();
    if (this.gate.take(who) && !this.fails()) return true;
    const failed = this.gate.inside.has(who);
    this.leave(who);
    return failed ? "not ready" : false;
  }

  protected wait(who: number): void {
    if (this.circuit.take(who)) this.gate.join(who);
    else {
      const why = this.circuit.queue(who);
      if (why !== undefined) this.states[who] = why;
    }
  }

  protected waits(who: number): boolean {
    return this.circuit.line.includes(who) || this.gate.line.includes(who);
  }

  protected leave(place: number): void {
    this.gate.leave(place);
    if (this.circuit.inside.has(place)) this.circuit.leave(place);
  }

  protected override over(job: ModelJob): void {
    this.gate.leave(job.place);
  }

  protected tell(): boolean {
    this.hearRefusals();
    return false;
  }

  private move({ who, gate }: News[number]): void {
    if (this.aborted.has(who)) this.giveUp(who);
    else if (gate === this.circuit && !this.gate.take(who)) this.gate.join(who);
    else this.arrive(who);
  }

  protected override begin(who: number, request: number): void {
    if (this.circuit.state === "isolated") this.fail(who, this.circuit.refuse());
    else {
      this.circuit.begin(who);
      super.begin(who, request);
    }
  }

  protected override answered(job: ModelJob, how: string): void {
    const { who, request } = job;
    const elapsed = this.circuit.elapsed(who);
    const aborted = this.aborted.has(who);
    let share = elapsed === undefined ? undefined : this.shares(how, request, elapsed, aborted);
    if (Number.isNaN(share)) share = how === "answered" ? 0 : aborted ? undefined : 1;
    this.circuit.end(who, share);
    super.answered(job, how);
  }

  private hearRefusals(): void {
    for (const [who, why] of this.circuit.refusals) this.states[who] = why;
    this.circuit.refusals.clear();
  }
}
