import { GateModel } from "./gate-model.ts";
import type { ModelJob } from "./model.ts";
import { PlainGate } from "./plain-gate.ts";

export interface HedgeShape {
  readonly max: number;
  readonly attempts: number;
  readonly delay: number;
  /** Whether there is also an outer limit, which counts the callers. */
  readonly outside: boolean;
}

interface HedgeRules extends HedgeShape {
  readonly hedges: (request: number) => boolean;
}

/** A call and its attempts. */
interface Hedged {
  readonly attempts: ModelJob[];
  readonly running: Set<ModelJob>;
  readonly request: number;
  /** When the next attempt is due. */
  due: number;
  /** How many due times were set before this one. */
  order: number;
  /** Which one that is. */
  coming: number;
  /** The failure of the first attempt. */
  reason: string | undefined;
  over: boolean;
}

/** Parallel attempts, each with its own slot at one gate: the number of the caller, plus 1,000 for each earlier attempt. */
export class HedgeModel extends GateModel {
  /** The deadlines of calls. */
  readonly deadlines: Map<number, number> = new Map();
  private readonly rules: HedgeRules;
  private readonly calls: Map<number, Hedged> = new Map();
  private readonly lost: Set<ModelJob> = new Set();
  private readonly abandoned: Set<ModelJob> = new Set();
  /** Calls that have waited, and are no longer at the edge. */
  private readonly servedInLine: Set<number> = new Set();
  private moments = 0;
  private hedges = 0;
  private wins = 0;
  private skipped = 0;

  constructor(rules: HedgeRules) {
    super((news) => new PlainGate(rules.max, news));
    this.rules = rules;
  }

  override counters(): readonly number[] {
    return [...super.counters(), this.hedges, this.wins, this.skipped, this.abandoned.size];
  }

  /** Whether a call waits for the time of its next attempt. */
  get armed(): boolean {
    return [...this.calls.values()].some(({ due }) => due < Number.POSITIVE_INFINITY);
  }

  /** How many calls an outer limit counts, between two turns. */
  get outside(): number {
    return this.states.filter(
      (state, who) =>
        state === "pending" || state === "holds" || this.jobs.some((job) => job.who === who && job.pending > 0),
    ).length;
  }

  override signalled(job: ModelJob): boolean {
    return this.lost.has(job) || super.signalled(job);
  }

  /** An answer by the end of the turn comes before the time of another attempt. */
  override settle(): void {
    do super.settle();
    while (this.ring());
  }

  private ring(): boolean {
    const due = [...this.calls].filter(([, call]) => call.due <= this.now);
    for (const [who, call] of due.sort(([, one], [, other]) => one.due - other.due || one.order - other.order)) {
      call.due = Number.POSITIVE_INFINITY;
      this.later(() => this.moment(who, call));
    }
    return due.length > 0;
  }

  override spend(who: number, request?: number): void {
    this.servedInLine.delete(who);
    super.spend(who, request);
  }

  protected override wait(who: number): void {
    this.servedInLine.add(who);
    super.wait(who);
  }

  override abort(who: number): void {
    super.abort(who);
    const call = this.calls.get(who);
    if (call !== undefined) call.due = Number.POSITIVE_INFINITY;
  }

  protected override begin(who: number, request: number): void {
    super.begin(who, request);
    if (!this.rules.hedges(request)) return;
    const first = this.jobs.at(-1)!;
    const call = { attempts: [first], running: new Set([first]), request, coming: 2, reason: undefined, over: false };
    const hedged: Hedged = { ...call, due: Number.POSITIVE_INFINITY, order: 0 };
    this.calls.set(who, hedged);
    this.schedule(who, hedged);
  }

  protected override answered(job: ModelJob, how: string): void {
    const call = this.calls.get(job.who);
    if (call === undefined) {
      super.answered(job, how);
      return;
    }
    // Where two attempts answer in one turn: an answer at the edge of a stack takes one more microtask, and that of a further attempt
    // always does.
    const isLate = job !== call.attempts[0] && (this.rules.outside || this.servedInLine.has(job.who));
    if (!isLate) this.heard(call, job, how);
    else this.later(() => this.heard(call, job, how));
  }

  private heard(call: Hedged, job: ModelJob, how: string): void {
    call.running.delete(job);
    this.abandoned.delete(job);
    if (job === call.attempts[0]) call.reason = how;
    if (call.over || (how !== "answered" && call.running.size > 0)) return;
    call.over = true;
    call.due = Number.POSITIVE_INFINITY;
    if (how !== "answered") super.answered(job, call.reason!);
    else {
      if (job !== call.attempts[0]) this.wins++;
      for (const loser of call.running) {
        this.lost.add(loser);
        this.abandoned.add(loser);
      }
      super.answered(job, how);
    }
  }

  /** One chance for one more attempt. */
  private moment(who: number, call: Hedged): void {
    if (call.over || this.aborted.has(who)) return;
    call.coming++;
    const place = who + 1_000 * call.attempts.length;
    if (!this.gate.take(place)) this.skipped++;
    else if (this.fails()) {
      this.gate.leave(place);
      this.skipped++;
    } else {
      this.hedges++;
      super.begin(who, call.request, place);
      const attempt = this.jobs.at(-1)!;
      call.attempts.push(attempt);
      call.running.add(attempt);
    }
    this.schedule(who, call);
  }

  private schedule(who: number, call: Hedged): void {
    const due = this.now + this.rules.delay;
    const inTime = due < (this.deadlines.get(who) ?? Number.POSITIVE_INFINITY);
    if (call.coming <= this.rules.attempts && inTime) {
      call.due = due;
      call.order = this.moments++;
    }
  }
}
