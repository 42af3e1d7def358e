import { GateModel } from "./gate-model.ts";
import type { PlainRate } from "./plain-rate.ts";

/** One rate in front of a service that is ready, except for failures. */
export class RateModel extends GateModel<PlainRate> {
  override counters(): readonly number[] {
    return [...this.gate.counters, this.gate.retryAfter, this.gate.armed];
  }

  override tick(ms: number, rings = true): void {
    this.now += ms;
    this.gate.tick(ms, rings);
    this.refuse();
  }

  protected override wait(who: number): void {
    super.wait(who);
    this.refuse();
  }

  protected override leave(place: number): void {
    super.leave(place);
    this.refuse();
  }

  protected override begin(who: number, request: number): void {
    super.begin(who, request);
    this.gate.start(who);
    this.refuse();
  }

  /** Running work holds nothing. */
  protected override over(): void {}

  protected override tell(): boolean {
    const told = super.tell();
    this.refuse();
    return told;
  }

  private refuse(): void {
    for (const who of this.gate.refused.splice(0)) this.states[who] = "overloaded: rateLimit";
  }
}
