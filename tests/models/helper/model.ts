/** A piece of work, as a model knows it. */
export interface ModelJob {
  readonly who: number;
  /** What it is asked for: the number of the caller, where nothing else is said. */
  readonly request: number;
  /** Where it stands in gates: the number of the caller, unless one caller may have several. */
  readonly place: number;
  /** How many go on of the answer and of what was handed up. */
  pending: number;
}

/**
 * What callers see of a service, told as plainly as it can be. Things happen at once, or when the turn is over, in the
 * order in which they were begun: that is all that a model knows of time. What the service is made of is for each model
 * to say.
 */
export abstract class Model {
  /** What became of each caller. */
  readonly states: string[] = [];
  /** All work that ever began, in order. */
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
  /** A reservation now, or not. A string: that is what it fails with. */
  protected abstract take(who: number, blind: boolean): boolean | string;
  /** Asks for what could not be had now. */
  protected abstract wait(who: number, blind: boolean): void;
  /** Whether somebody waits, and has not been served. */
  protected abstract waits(who: number): boolean;
  /** A reservation, a place in line or all that a call held is given back. */
  protected abstract leave(place: number): void;
  /** Tells those served that they are; false when there are none. */
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

  /** Only those in line hear of it at once. */
  abort(who: number): void {
    this.aborted.add(who);
    if (this.states[who] === "pending" && this.waits(who)) this.giveUp(who);
  }

  answer(job: ModelJob, how: string, withBody = false): void {
    this.later(() => {
      if (withBody) job.pending++;
      // The gates inside hear of it first.
      this.ended(job);
      this.answered(job, how);
    });
  }

  /** Whether a job is told that its answer is of no use. */
  signalled(job: ModelJob): boolean {
    return this.aborted.has(job.who);
  }

  handUp(job: ModelJob): void {
    job.pending++;
  }

  endWork(job: ModelJob): void {
    this.later(() => this.ended(job));
  }

  /** The service inside is not ready, once: the next one who asks it is told so. */
  failReadiness(): void {
    this.failing = true;
  }

  /** Time goes on, to the next timer at most; timers are only late where nothing `rings`. */
  tick(ms: number, _rings = true): void {
    this.now += ms;
  }

  /** The turn is over: everything happens that can. */
  settle(): void {
    do {
      const happening = this.atEndOfTurn;
      this.atEndOfTurn = [];
      for (const happen of happening) happen();
    } while (this.tell() || this.atEndOfTurn.length > 0);
  }

  /** Whether the service inside is not ready for whoever asks it now. */
  protected fails(): boolean {
    const { failing } = this;
    this.failing = false;
    return failing;
  }

  protected later(happen: () => void): void {
    this.atEndOfTurn.push(happen);
  }

  /** Whoever was served from a line hears of it. An abort before that wins. */
  protected hear(who: number): void {
    if (this.aborted.has(who)) this.giveUp(who);
    else this.granted(who);
  }

  /** Somebody who was served comes to the service inside. */
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

  /** All of a job is over. */
  protected over(job: ModelJob): void {
    this.leave(job.place);
  }

  protected giveUp(who: number): void {
    this.fail(who, "aborted");
  }

  /** Somebody who has no job fails. */
  protected fail(who: number, why: string): void {
    this.states[who] = why;
    this.leave(who);
  }

  private ended(job: ModelJob): void {
    if (--job.pending === 0) this.over(job);
  }
}
