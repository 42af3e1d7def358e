import { GateModel } from "./gate-model.ts";
import { PlainPriority, type PriorityRules } from "./plain-priority.ts";

/** One gate with a line by priority. */
export class PriorityModel extends GateModel<PlainPriority> {
  private readonly blind: Set<number>;

  constructor(max: number, rules: PriorityRules, levelOf: (request: number) => number) {
    const blind = new Set<number>();
    const levelOfCaller = (who: number): number => (blind.has(who) ? 0 : levelOf(who));
    super((news) => new PlainPriority(max, rules, levelOfCaller, news));
    this.blind = blind;
  }

  override tick(ms: number, rings = true): void {
    super.tick(ms);
    if (rings) this.gate.ring();
    this.hearRefusals();
  }

  override settle(): void {
    super.settle();
    this.hearRefusals();
  }

  protected override take(who: number, blind = false): boolean | string {
    if (blind) this.blind.add(who);
    return super.take(who);
  }

  protected override wait(who: number): void {
    super.wait(who);
    this.hearRefusals();
  }

  private hearRefusals(): void {
    for (const who of this.gate.refused.splice(0)) this.states[who] = "overloaded: priorityLine";
  }
}
