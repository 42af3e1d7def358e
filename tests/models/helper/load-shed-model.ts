import { GateModel } from "./gate-model.ts";

/** One gate without a line: a call is refused when it is full. */
export class LoadShedModel extends GateModel {
  private readonly shed: Set<number> = new Set();
  private refused = 0;

  override counters(): readonly number[] {
    return [...super.counters(), this.refused];
  }

  protected override take(who: number): boolean | string {
    const taken = super.take(who);
    if (taken === false) this.shed.add(who);
    return taken === false || taken;
  }

  protected override leave(place: number): void {
    if (!this.shed.delete(place)) super.leave(place);
  }

  protected override begin(who: number, request: number): void {
    if (!this.shed.has(who)) super.begin(who, request);
    else {
      this.refused++;
      this.fail(who, "overloaded: concurrencyLimit");
    }
  }
}
