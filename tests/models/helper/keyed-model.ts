import { Model, type ModelJob } from "./model.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { type News, PlainGate } from "./plain-gate.ts";

export interface KeyedRules {
  readonly maxKeys: number;
  readonly shares: boolean;
  /** The limit of one key. */
  readonly each: number;
  /** The limit of all keys. */
  readonly max: number;
}

/** A gate for each key, in the order of their use, and one for other keys; and an inner gate. */
export class KeyedModel extends Model {
  readonly gates: Map<number, PlainGate> = new Map();
  shared: PlainGate | undefined;
  private readonly inner: PlainGate;
  private readonly rules: KeyedRules;
  private readonly keyOf: (request: number) => number | undefined;
  /** The gate that each caller holds, or waits at; undefined where it is not limited. */
  private readonly held: Map<number, PlainGate> = new Map();
  /** Callers with a blind reservation. */
  private readonly blind: Set<number> = new Set();
  private readonly news: News = new NewsInOrder(
    (tell) => this.later(tell),
    (entry) => this.move(entry),
  );
  private evicted = 0;
  private refused = 0;

  constructor(rules: KeyedRules, keyOf: (request: number) => number | undefined) {
    super();
    this.rules = rules;
    this.keyOf = keyOf;
    this.inner = new PlainGate(rules.max, this.news);
  }

  counters(): readonly number[] {
    const gates = [0, 1, 2, 3].map((key) => this.gates.get(key));
    return [
      this.gates.size,
      this.evicted,
      this.refused,
      ...[...gates, this.shared].flatMap(sizes),
      ...sizes(this.inner),
    ];
  }

  protected take(who: number, blind: boolean): boolean | string {
    if (blind) this.blind.add(who);
    else {
      const gate = this.gateFor(who);
      if (gate === null) return "overloaded: keyed";
      if (gate !== undefined) {
        if (!gate.take(who)) return false;
        this.held.set(who, gate);
      }
    }
    if (this.inner.take(who)) {
      if (!this.fails()) return true;
      this.leave(who);
      return "not ready";
    }
    this.leave(who);
    return false;
  }

  protected wait(who: number, blind: boolean): void {
    const gate = blind ? undefined : this.gateFor(who);
    if (gate === null || gate === undefined) this.inner.join(who);
    else {
      this.held.set(who, gate);
      if (gate.take(who)) this.inner.join(who);
      else gate.join(who);
    }
  }

  protected waits(who: number): boolean {
    return this.lineOf(who) !== undefined;
  }

  /** Leaves the line immediately; outer layers release at the end of the turn. */
  override abort(who: number): void {
    this.aborted.add(who);
    const gate = this.lineOf(who);
    if (gate === undefined) return;
    gate.leave(who);
    this.states[who] = "aborted";
    this.later(() => this.leave(who));
  }

  protected leave(place: number): void {
    this.inner.leave(place);
    const gate = this.held.get(place);
    this.held.delete(place);
    gate?.leave(place);
  }

  protected tell(): boolean {
    return false;
  }

  private move({ who, gate }: News[number]): void {
    if (this.aborted.has(who)) this.giveUp(who);
    else if (gate !== this.inner && !this.enter(who)) this.inner.join(who);
    else this.arrive(who);
  }

  protected override begin(who: number, request: number): void {
    const isFor = request === who && !this.blind.has(who);
    const why = isFor ? undefined : this.exchange(who, request);
    if (why === undefined) super.begin(who, request);
    else this.fail(who, why);
  }

  protected override over(job: ModelJob): void {
    this.leave(job.place);
  }

  /** Lets a caller that the gate of its key has served go on, which counts as a use. */
  private enter(who: number): boolean {
    this.gateFor(who);
    return this.inner.take(who);
  }

  private exchange(who: number, request: number): string | undefined {
    const key = this.keyOf(request);
    const held = this.held.get(who);
    if (held !== undefined && key !== undefined) {
      // The shared gate is in use.
      const own = held === this.shared ? this.gateFor(request) : this.gates.get(key);
      if (own === held) return undefined;
    }
    this.held.delete(who);
    held?.leave(who);
    const gate = this.gateFor(request);
    if (gate === undefined) return undefined;
    if (gate === null || !gate.take(who)) return "overloaded: keyed";
    this.held.set(who, gate);
    return undefined;
  }

  /** The gate for a request; undefined where it is not limited, and null where there is no room for its key. */
  private gateFor(request: number): PlainGate | undefined | null {
    const key = this.keyOf(request);
    if (key === undefined) return undefined;
    const known = this.gates.get(key);
    if (known !== undefined) {
      this.gates.delete(key);
      this.gates.set(key, known);
      return known;
    }
    const { shared, rules } = this;
    if (shared !== undefined && !isIdle(shared)) return shared;
    if (this.gates.size >= rules.maxKeys) this.evict();
    if (this.gates.size < rules.maxKeys) {
      const made = new PlainGate(rules.each, this.news);
      this.gates.set(key, made);
      return made;
    }
    if (rules.shares) {
      this.shared ??= new PlainGate(rules.each, this.news);
      return this.shared;
    }
    this.refused++;
    return null;
  }

  /** The least recently used of the idle gates; busy gates before it move to the end. */
  private evict(): void {
    for (const [key, gate] of Array.from(this.gates)) {
      this.gates.delete(key);
      if (isIdle(gate)) {
        this.evicted++;
        return;
      }
      this.gates.set(key, gate);
    }
  }

  private lineOf(who: number): PlainGate | undefined {
    return [this.held.get(who), this.inner].find((gate) => gate?.line.includes(who));
  }
}

function isIdle({ inside, line }: PlainGate): boolean {
  return inside.size + line.length === 0;
}

function sizes(gate: PlainGate | undefined): readonly number[] {
  return gate === undefined ? [-1, -1] : [gate.inside.size, gate.line.length];
}
