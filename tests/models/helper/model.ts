/** A piece of work in a model. */
export interface ModelJob {
  readonly who: number;
  /** Its request: by default the number of the caller. */
  readonly request: number;
  /** Its number in gates: that of the caller, unless one caller may have several. */
  readonly place: number;
  /** How many of the answer and the registered work have not ended. */
  pending: number;
}

/**
 * What callers see of a service, as simple as possible. Events happen immediately, or at the end of the turn in the order in which they
 * began: a model knows no other time. Each model defines the parts of its service.
 */
export abstract class Model {
  /** The state of each caller. */
  readonly states: string[] = [];
  /** All work that began, in order. */
  readonly jobs: ModelJob[] = [];
  /** In ms. */
  now = 0;
  protected readonly aborted: Set<number> = new Set();
  protected readonly throwing: Set<number> = new Set();
  private readonly calling: Set<number> = new Set();
  private failing = false;
  private atEndOfTurn: (() => void)[] = [];

  /** All counters. */
  abstract counters(): readonly number[];
  /** A reservation now, or none. A string is the reason of a failure. */
  protected abstract take(who: number, blind: boolean): boolean | string;
  /** Waits for a reservation that was not available. */
  protected abstract wait(who: number, blind: boolean): void;
  /** Whether a caller waits, and has not been served. */
  protected abstract waits(who: number): boolean;
  /** Releases a reservation, a place in line, or everything that a call held. */
  protected abstract leave(place: number): void;
  /** Notifies the served callers; false when there are none. */
  protected abstract tell(): boolean;

  tryReady(who: number, blind = false): void {
    const taken = this.take(who, blind);
    this.states[who] = typeof taken === "string" ? taken : taken ? "holds" : "nothing";
  }

  ready(who: number, blind = false): void {
    this.states[who] = "pending";
    const taken = this.take(who, blind);
    if (typeof taken === "string") this.states[who] = taken;
    else if (taken) this.granted(who);
    else this.wait(who, blind);
  }

  call(who: number, throwing = false): void {
    this.calling.add(who);
    if (throwing) this.throwing.add(who);
    this.ready(who);
  }

  spend(who: number, request = who): void {
    if (this.aborted.has(who)) this.giveUp(who);
    else this.begin(who, request);
  }

  release(who: number): void {
    this.states[who] = "released";
    this.leave(who);
  }

  /** Only callers in line are notified immediately. */
  abort(who: number): void {
    this.aborted.add(who);
    if (this.states[who] === "pending" && this.waits(who)) this.giveUp(who);
  }

  answer(job: ModelJob, how: string, withBody = false): void {
    this.later(() => {
      if (withBody) job.pending++;
      // The inner gates are notified first.
      this.ended(job);
      this.answered(job, how);
    });
  }

  /** Whether the signal of a job aborts. */
  signalled(job: ModelJob): boolean {
    return this.aborted.has(job.who);
  }

  handUp(job: ModelJob): void {
    job.pending++;
  }

  endWork(job: ModelJob): void {
    this.later(() => this.ended(job));
  }

  /** The service inside fails its readiness once, for the next caller that asks. */
  failReadiness(): void {
    this.failing = true;
  }

  /** Time passes, to the next timer at most; timers are late only where none `rings`. */
  tick(ms: number, _rings = true): void {
    this.now += ms;
  }

  /** The end of the turn: everything happens that can. */
  settle(): void {
    do {
      const happening = this.atEndOfTurn;
      this.atEndOfTurn = [];
      for (const happen of happening) happen();
    } while (this.tell() || this.atEndOfTurn.length > 0);
  }

  /** Whether the service inside is not ready now. */
  protected fails(): boolean {
    const { failing } = this;
    this.failing = false;
    return failing;
  }

  protected later(happen: () => void): void {
    this.atEndOfTurn.push(happen);
  }

  /** Notifies a caller that was served from a line. An abort before that wins. */
  protected hear(who: number): void {
    if (this.aborted.has(who)) this.giveUp(who);
    else this.granted(who);
  }

  /** A served caller reaches the service inside. */
  protected arrive(who: number): void {
    if (this.aborted.has(who) || !this.fails()) this.hear(who);
    else this.fail(who, "not ready");
  }

  protected granted(who: number): void {
    if (this.calling.has(who)) this.begin(who, who);
    else this.states[who] = "holds";
  }

  protected begin(who: number, request: number, place = who): void {
    this.states[who] = "pending";
    const job = { who, request, place, pending: 1 };
    this.jobs.push(job);
    if (this.throwing.has(request)) this.answer(job, "thrown");
  }

  /** The caller has an answer. */
  protected answered(job: ModelJob, how: string): void {
    this.states[job.who] = how;
  }

  /** A job and all its work have ended. */
  protected over(job: ModelJob): void {
    this.leave(job.place);
  }

  protected giveUp(who: number): void {
    this.fail(who, "aborted");
  }

  /** A caller without a job fails. */
  protected fail(who: number, why: string): void {
    this.states[who] = why;
    this.leave(who);
  }

  private ended(job: ModelJob): void {
    if (--job.pending === 0) this.over(job);
  }
}
