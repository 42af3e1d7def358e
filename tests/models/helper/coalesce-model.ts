import { Model, type ModelJob } from "./model.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { PlainGate } from "./plain-gate.ts";

/** A call for all callers that want its answer. */
interface PlainFlight {
  readonly key: number;
  /** The first caller's. */
  readonly until: number | undefined;
  /** The callers that wait for the answer, in the order in which they came. */
  readonly riders: number[];
  job: ModelJob | undefined;
  /** Callers, permits in hand, and callers in line that are about to join. */
  wanted: number;
  /** No new caller joins it. */
  over: boolean;
  /** All callers have left before it landed. */
  abandoned: boolean;
  /** How it ended, when that is known. */
  outcome: string | undefined;
}

/** Single flight in front of one gate: for each key a flight and its callers. */
export class CoalesceModel extends Model {
  readonly gate: PlainGate;
  /** The deadlines of calls. */
  readonly deadlines: Map<number, number> = new Map();
  /** The callers without a signal. */
  readonly deaf: Set<number> = new Set();
  protected readonly flights: Map<number, PlainFlight> = new Map();
  protected readonly keyOf: (request: number) => number | undefined;
  private readonly byJob: Map<ModelJob, PlainFlight> = new Map();
  /** Permits in hand that are seats. */
  private readonly seats: Map<number, PlainFlight> = new Map();
  /** The callers that wait at the gate, by key. */
  private readonly waiting: Map<number, Set<number>> = new Map();
  /** Callers that have left the line for a flight, and do not know of it yet. */
  private readonly boarded: Map<number, PlainFlight> = new Map();
  /** The last request of each caller. */
  private readonly requests: Map<number, number> = new Map();
  /** Callers that ask again, after a failure that another's deadline caused. */
  private readonly again: Set<number> = new Set();
  private joined = 0;

  constructor(max: number, keyOf: (request: number) => number | undefined) {
    super();
    const news = new NewsInOrder(
      (tell) => this.later(tell),
      ({ who }) => this.move(who),
    );
    this.gate = new PlainGate(max, news);
    this.keyOf = keyOf;
  }

  counters(): readonly number[] {
    return [...this.gate.counters, this.flights.size, this.joined];
  }

  /** How many calls an outer limit counts, between two turns: those without an answer, and those with running work. */
  get outside(): number {
    return this.states.filter(
      (state, who) =>
        state === "pending" || state === "holds" || this.jobs.some((job) => job.who === who && job.pending > 0),
    ).length;
  }

  override tick(ms: number): void {
    super.tick(ms);
    this.gate.now = this.now;
  }

  override signalled(job: ModelJob): boolean {
    return this.byJob.get(job)?.abandoned ?? super.signalled(job);
  }

  override abort(who: number): void {
    if (this.deaf.has(who)) return;
    this.aborted.add(who);
    const flight = [...this.byJob.values()].find(({ riders }) => riders.includes(who));
    if (flight !== undefined) {
      this.drop(flight);
      this.later(() => this.land(flight, who, "aborted"));
    } else if (this.gate.line.includes(who)) {
      this.gate.leave(who);
      this.states[who] = "aborted";
      this.again.delete(who);
      // Until then it joins a flight that begins.
      this.later(() => {
        this.part(who);
        const taken = this.boarded.get(who);
        if (this.boarded.delete(who)) this.drop(taken!);
      });
    }
  }

  protected take(who: number, blind: boolean): boolean | string {
    return this.reserve(who, blind ? undefined : who);
  }

  /** A seat in a flight, or a slot of the gate. */
  protected reserve(who: number, request: number | undefined): boolean | string {
    const flight = request === undefined ? undefined : this.flightFor(request);
    if (flight !== undefined) {
      flight.wanted++;
      this.seats.set(who, flight);
      return true;
    }
    if (!this.gate.take(who)) return false;
    if (!this.fails()) return true;
    this.gate.leave(who);
    return "not ready";
  }

  protected wait(who: number, blind: boolean): void {
    this.join(who, blind ? undefined : who);
  }

  private join(who: number, request: number | undefined): void {
    this.gate.join(who);
    const key = request === undefined ? undefined : this.keyOf(request);
    if (key === undefined) return;
    if (!this.waiting.has(key)) this.waiting.set(key, new Set());
    this.waiting.get(key)!.add(who);
  }

  protected waits(who: number): boolean {
    return this.gate.line.includes(who);
  }

  protected leave(place: number): void {
    const flight = this.seats.get(place);
    if (flight === undefined) this.gate.leave(place);
    else {
      this.seats.delete(place);
      this.drop(flight);
    }
  }

  protected override over(job: ModelJob): void {
    this.gate.leave(job.place);
  }

  protected tell(): boolean {
    return false;
  }

  private move(who: number): void {
    this.part(who);
    if (this.boarded.has(who)) {
      this.gate.leave(who);
      this.sit(who);
    } else if (this.aborted.has(who)) this.giveUp(who);
    else if (!this.fails()) this.granted(who);
    else if (!this.again.delete(who)) this.fail(who, "not ready");
    else {
      this.gate.leave(who);
      this.end(who, "not ready");
    }
  }

  protected override granted(who: number): void {
    if (this.again.delete(who)) this.start(who, this.requestOf(who));
    else super.granted(who);
  }

  protected override begin(who: number, request: number): void {
    this.start(who, request);
  }

  /** With the reservation. */
  protected start(who: number, request: number): void {
    this.requests.set(who, request);
    const key = this.keyOf(request);
    const seat = this.seats.get(who);
    this.seats.delete(who);
    if (seat?.key === key && seat !== undefined) this.board(seat, who);
    else if (seat !== undefined) {
      this.drop(seat);
      this.exchange(who, request);
    } else this.beginHeld(who, request);
  }

  protected override answered(job: ModelJob, how: string): void {
    const flight = this.byJob.get(job);
    const outcome = `${how} by ${job.request}`;
    if (flight === undefined) {
      super.answered(job, outcome);
      return;
    }
    flight.outcome = outcome;
    this.close(flight);
    for (const who of flight.riders.slice()) this.land(flight, who, outcome);
  }

  /** The flight of a key answers its callers, and no later ones. */
  protected detach(key: number): void {
    this.flights.delete(key);
  }

  /** No new caller joins it. */
  private close(flight: PlainFlight): void {
    flight.over = true;
    if (this.flights.get(flight.key) === flight) this.flights.delete(flight.key);
  }

  private flightFor(request: number): PlainFlight | undefined {
    const key = this.keyOf(request);
    return key === undefined ? undefined : this.flights.get(key);
  }

  private requestOf(who: number): number {
    return this.requests.get(who) ?? who;
  }

  /** A caller has an answer. */
  protected end(who: number, outcome: string): void {
    this.states[who] = outcome;
  }

  /** With a permit for another key: the key of the request is tried once. */
  private exchange(who: number, request: number): void {
    const taken = this.reserve(who, request);
    if (taken === true) this.start(who, request);
    else {
      this.states[who] = "pending";
      this.later(() => this.end(who, taken || "overloaded: concurrencyLimit"));
    }
  }

  /** With a slot of the gate. */
  private beginHeld(who: number, request: number): void {
    const key = this.keyOf(request);
    const flight = this.flightFor(request);
    if (flight !== undefined) {
      flight.wanted++;
      this.gate.leave(who);
      this.board(flight, who);
    } else {
      this.startJob(who, request);
      if (key !== undefined) this.launch(who, key, [who]);
    }
  }

  protected startJob(who: number, request: number): void {
    super.begin(who, request);
  }

  /** The job that has just begun becomes a flight. */
  protected launch(who: number, key: number, riders: number[]): void {
    const job = this.jobs.at(-1)!;
    const flight: PlainFlight = {
      key,
      until: this.deadlines.get(who),
      riders,
      job,
      wanted: 1,
      over: false,
      abandoned: false,
      outcome: undefined,
    };
    this.byJob.set(job, flight);
    this.flights.set(key, flight);
    const waiting = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    for (const each of waiting) {
      flight.wanted++;
      this.boarded.set(each, flight);
      if (!this.gate.line.includes(each)) continue;
      this.gate.leave(each);
      this.later(() => this.sit(each));
    }
  }

  private sit(who: number): void {
    const flight = this.boarded.get(who)!;
    this.boarded.delete(who);
    if (this.aborted.has(who)) {
      this.states[who] = "aborted";
      this.drop(flight);
    } else {
      this.seats.set(who, flight);
      this.granted(who);
    }
  }

  private board(flight: PlainFlight, who: number): void {
    this.joined++;
    this.states[who] = "pending";
    flight.riders.push(who);
    const { outcome } = flight;
    if (outcome !== undefined) this.later(() => this.land(flight, who, outcome));
  }

  /** A caller has the answer or has aborted, whichever comes first. */
  private land(flight: PlainFlight, who: number, outcome: string): void {
    const at = flight.riders.indexOf(who);
    if (at < 0) return;
    flight.riders.splice(at, 1);
    const { until } = flight;
    const deadline = this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
    const fails = outcome !== "aborted" && !outcome.startsWith("answered");
    const isFirst = flight.job?.who === who;
    if (!fails || isFirst || until === undefined || deadline <= until || this.now < until) this.end(who, outcome);
    else if (this.aborted.has(who)) this.end(who, "aborted");
    else {
      const request = this.requestOf(who);
      const taken = this.reserve(who, request);
      if (taken === true) this.start(who, request);
      else if (taken !== false) this.end(who, taken);
      else {
        this.again.add(who);
        this.join(who, request);
      }
    }
  }

  /** One caller less wants the answer. */
  private drop(flight: PlainFlight): void {
    flight.wanted--;
    if (flight.wanted > 0 || flight.over) return;
    flight.abandoned = true;
    this.close(flight);
  }

  private part(who: number): void {
    for (const [key, waiting] of this.waiting) if (waiting.delete(who) && waiting.size === 0) this.waiting.delete(key);
  }
}
