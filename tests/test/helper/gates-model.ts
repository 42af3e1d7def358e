/** A gate in the model. */
export type GateRules =
  | { readonly kind: "concurrency"; readonly max: number }
  | { readonly kind: "rate"; readonly limit: number; readonly interval: number }
  | { readonly kind: "buffer"; readonly capacity: number };

export interface ModelGate {
  readonly rules: GateRules;
  /** The callers in line. */
  readonly line: number[];
  /** The admitted callers: of a rate and of a buffer, only until the call has begun. */
  readonly inside: Set<number>;
  /** The starts of a rate. */
  readonly starts: number[];
  /** The queue of a buffer. Only the first caller asks the inner service. */
  readonly queue: number[];
}

/** A stack of gates, as simple as possible: arrays of waiting callers, who move inwards as far as there is room, the innermost first. */
export class GatesModel {
  readonly gates: readonly ModelGate[];
  /** Callers whose work began, in order. */
  readonly begun: number[] = [];
  /** Callers whose work runs. */
  readonly running: Set<number> = new Set();
  /** Callers with a permit in hand. */
  readonly held: Set<number> = new Set();
  now = 0;

  constructor(rules: readonly GateRules[]) {
    this.gates = rules.map((each) => ({ rules: each, line: [], inside: new Set(), starts: [], queue: [] }));
  }

  /** Callers in a line or a queue. */
  get waiting(): readonly number[] {
    return this.gates.flatMap(({ line, queue }) => [...line, ...queue.slice(1), ...this.stuck(queue)]);
  }

  call(who: number): void {
    this.arrive(who, 0);
    this.settle();
  }

  /** Takes a permit if there is one; returns whether there was. */
  tryReady(who: number): boolean {
    const first = this.gates.slice(0, this.endOfPart(0) + 1);
    if (!first.every((gate) => gate.line.length === 0 && this.room(gate) > 0)) return false;
    for (const { inside } of first) inside.add(who);
    this.held.add(who);
    return true;
  }

  spend(who: number): void {
    this.held.delete(who);
    this.passed(who, this.endOfPart(0));
    this.settle();
  }

  release(who: number): void {
    this.held.delete(who);
    this.leave(who);
    this.settle();
  }

  /** The work has settled. */
  finish(who: number): void {
    this.running.delete(who);
    this.leave(who);
    this.settle();
  }

  /** A waiting caller aborts. */
  abort(who: number): void {
    this.leave(who);
    this.settle();
  }

  advance(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now++;
      this.settle();
    }
  }

  /** The `available` of a gate. */
  free(gate: ModelGate): number {
    return Math.max(this.room(gate), 0);
  }

  private room({ rules, inside, starts }: ModelGate): number {
    if (rules.kind === "concurrency") return rules.max - inside.size;
    if (rules.kind === "buffer") return rules.capacity - inside.size;
    return rules.limit - inside.size - starts.filter((start) => start + rules.interval > this.now).length;
  }

  /** The buffer behind gate `at` that takes the callers; otherwise the last gate. */
  private endOfPart(at: number): number {
    const buffer = this.gates.findIndex(({ rules }, nth) => nth >= at && rules.kind === "buffer");
    return buffer === -1 ? this.gates.length - 1 : buffer;
  }

  private arrive(who: number, at: number): void {
    const gate = this.gates[at];
    if (gate === undefined) this.begin(who);
    else if (gate.line.length === 0 && this.room(gate) > 0) this.enter(who, at);
    else gate.line.push(who);
  }

  private enter(who: number, at: number): void {
    this.gates[at]!.inside.add(who);
    if (at === this.endOfPart(at)) this.passed(who, at);
    else this.arrive(who, at + 1);
  }

  /** A caller has passed a part of the stack: its rates count a start, and the buffer before it takes the caller out of its queue. */
  private passed(who: number, end: number): void {
    const before = this.gates
      .slice(0, end)
      .map(({ rules }) => rules.kind)
      .lastIndexOf("buffer");
    for (const gate of this.gates.slice(before + 1, end + 1)) {
      if (gate.rules.kind === "rate" && gate.inside.delete(who)) gate.starts.push(this.now);
    }
    const buffer = this.gates[end]!;
    const last = buffer.rules.kind !== "buffer";
    if (last) this.begin(who);
    else {
      buffer.queue.push(who);
      if (buffer.queue[0] === who) this.arrive(who, end + 1);
    }
    this.takenOn(who, before);
  }

  /** A caller that leaves a buffer frees its slot, and the next one asks. */
  private takenOn(who: number, at: number): void {
    const buffer = this.gates[at];
    if (buffer === undefined) return;
    buffer.inside.delete(who);
    const [first] = buffer.queue;
    buffer.queue.splice(buffer.queue.indexOf(who), 1);
    const [next] = buffer.queue;
    if (first === who && next !== undefined) this.arrive(next, at + 1);
  }

  private begin(who: number): void {
    this.begun.push(who);
    this.running.add(who);
    // Behind a buffer that is the last gate there is no wait.
    if (this.gates.at(-1)?.rules.kind === "buffer") this.takenOn(who, this.gates.length - 1);
  }

  /** Removes a caller from all places. */
  private leave(who: number): void {
    const out = (list: number[]): boolean => {
      const at = list.indexOf(who);
      if (at >= 0) list.splice(at, 1);
      return at === 0;
    };
    for (const { line } of this.gates) out(line);
    for (const [at, { queue, inside }] of this.gates.entries()) {
      inside.delete(who);
      if (out(queue) && queue[0] !== undefined) this.arrive(queue[0], at + 1);
    }
  }

  /** Moves all callers inwards as far as there is room. */
  private settle(): void {
    for (let moved = true; moved;) {
      moved = false;
      for (let at = this.gates.length - 1; at >= 0; at--) {
        const gate = this.gates[at]!;
        while (gate.line.length > 0 && this.room(gate) > 0) {
          this.enter(gate.line.shift()!, at);
          moved = true;
        }
      }
    }
  }

  /** The first of a queue is in an inner line, and is counted there. */
  private stuck(queue: readonly number[]): readonly number[] {
    const [first] = queue;
    return first === undefined || this.gates.some(({ line }) => line.includes(first)) ? [] : [first];
  }
}
