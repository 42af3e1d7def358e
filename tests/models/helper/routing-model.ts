import { Model } from "./model.ts";
import { type News, PlainGate, tellAll } from "./plain-gate.ts";

/** A caller that takes one permit of each of several services, in turn. */
interface Round {
  readonly gates: readonly PlainGate[];
  at: number;
}

/** A gate for each route, and a table of routes. */
export class RoutingModel extends Model {
  /** All gates, also those without a route now. */
  readonly gates: readonly PlainGate[];
  readonly table: Map<number, PlainGate>;
  private readonly keyOf: (request: number) => number;
  /** The request and the gate of each reservation; no gate where there was no route. */
  private readonly named: Map<number, PlainGate | undefined> = new Map();
  private readonly rounds: Map<number, Round> = new Map();
  private readonly news: News = [];

  /** The first `routes` gates are the initial routes. */
  constructor(sizes: readonly number[], routes: number, keyOf: (request: number) => number) {
    super();
    this.gates = sizes.map((max) => new PlainGate(max, this.news));
    this.table = new Map(this.gates.slice(0, routes).entries());
    this.keyOf = keyOf;
  }

  counters(): readonly number[] {
    return this.gates.flatMap(({ counters }) => counters);
  }

  protected take(who: number, blind: boolean): boolean | string {
    const wanted = blind ? [...new Set(this.table.values())] : [this.find(who)].filter((gate) => gate !== undefined);
    if (!wanted.every((gate) => gate.take(who))) {
      leaveInReverse(wanted, who);
      return false;
    }
    if (blind) this.rounds.set(who, { gates: wanted, at: wanted.length });
    else this.named.set(who, wanted[0]);
    return true;
  }

  protected wait(who: number, blind: boolean): void {
    if (!blind) this.find(who)!.join(who);
    else {
      this.rounds.set(who, { gates: [...new Set(this.table.values())], at: 0 });
      this.goOn(who);
    }
  }

  protected waits(who: number): boolean {
    return this.gates.some(({ line }) => line.includes(who));
  }

  protected leave(who: number): void {
    leaveInReverse(this.asked(who), who);
  }

  /** The gates at which a caller may hold or wait, in the order in which it asked: routes change, so the order of the gates does not matter. */
  private asked(who: number): readonly PlainGate[] {
    return [...new Set([...(this.rounds.get(who)?.gates ?? []), ...this.gates])];
  }

  /** Leaves the line immediately; permits of other services are released at the end of the turn. */
  override abort(who: number): void {
    this.aborted.add(who);
    const gate = this.gates.find(({ line }) => line.includes(who));
    if (gate === undefined) return;
    gate.leave(who);
    this.later(() => this.giveUp(who));
  }

  protected tell(): boolean {
    return tellAll(this.news, (who, gate) => {
      const round = this.rounds.get(who);
      if (round === undefined) this.named.set(who, gate);
      if (round === undefined || this.aborted.has(who)) this.hear(who);
      else {
        round.at++;
        this.goOn(who);
      }
    });
  }

  /** At the reserved gate, if it is the same; otherwise with a permit held there; otherwise the other route is tried once. */
  protected override begin(who: number, request: number): void {
    const reserved = !this.rounds.has(who) && request === who;
    const gate = reserved ? this.named.get(who) : this.find(request);
    const others = this.asked(who).filter((each) => each !== gate);
    leaveInReverse(others, who);
    if (gate === undefined) this.states[who] = "not found";
    else if (gate.inside.has(who) || gate.take(who)) super.begin(who, request);
    else this.states[who] = "overloaded: concurrencyLimit";
  }

  private goOn(who: number): void {
    const round = this.rounds.get(who)!;
    for (; round.at < round.gates.length; round.at++) {
      const gate = round.gates[round.at]!;
      if (!gate.take(who)) {
        gate.join(who);
        return;
      }
    }
    this.granted(who);
  }

  private find(request: number): PlainGate | undefined {
    return this.table.get(this.keyOf(request));
  }
}

/** Promise 9: releases in reverse order. */
function leaveInReverse(gates: readonly PlainGate[], who: number): void {
  for (const gate of [...gates].reverse()) gate.leave(who);
}
