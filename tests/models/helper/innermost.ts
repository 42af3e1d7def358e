import { AsyncLocalStorage } from "node:async_hooks";
import { type CallOptions, type Clock, type Permit, type ReadyOptions, refuse, Service } from "@sluice/core";
import { Line } from "@sluice/core/kit";
import { type Deferred, deferred } from "@sluice/test-kit";

/** The number of the caller that the async context belongs to. */
export const caller: AsyncLocalStorage<number> = new AsyncLocalStorage();

/** The reason of a failure, and its caller. A layer must pass it on as it is. */
export class Reason extends Error {
  /** Undefined where it is for any caller. */
  readonly who: number | undefined;
  readonly why: string;

  constructor(who: number | undefined, why: string) {
    super(`${why}, ${who}`);
    this.who = who;
    this.why = why;
  }
}

export interface Answer {
  readonly who: number;
  /** Work after the answer: a streamed body. */
  readonly body: Promise<void> | undefined;
}

/** A call that reached the innermost service. It runs until it is answered and all its registered work has ended. */
export interface Job {
  readonly who: number;
  /** When it began. */
  readonly since: number;
  readonly options: CallOptions;
  readonly answer: Deferred<Answer>;
  answered: boolean;
  readonly works: Deferred<void>[];
}

/** The innermost service: it counts reservations and running calls, and answers when the schedule says so. */
export class Innermost extends Service<number, Answer> {
  /** All calls that began, in order. */
  readonly jobs: Job[] = [];
  /** The callers for which the handler throws instead of answering. */
  readonly throwsFor: Set<number> = new Set();
  /** Broken conditions. */
  readonly faults: string[] = [];
  /** Reservations that were neither called nor released. */
  reserved = 0;
  /** How many jobs run. */
  going = 0;
  /** How many may run. */
  most = Number.POSITIVE_INFINITY;
  /** How many more may be reserved. */
  private allowed = Number.POSITIVE_INFINITY;
  /** The failure for the next caller that asks. */
  private failure: Reason | undefined;
  private readonly line: Line<Permit<number, Answer>, number> = new Line(() => {
    this.serve();
  });

  private readonly clock: Clock;

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  /** The callers that wait for a reservation. */
  get waiting(): number {
    return this.line.size;
  }

  allow(count: number): void {
    this.allowed = count;
    this.serve();
  }

  /** It is ready for all callers from now on. */
  open(): void {
    this.failure = undefined;
    this.allow(Number.POSITIVE_INFINITY);
  }

  failReadiness(failure: Reason): void {
    if (this.line.size === 0) this.failure = failure;
    else this.line.refuse(failure);
  }

  tryReady(): Permit<number, Answer> | undefined {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return this.line.blocks() || this.allowed === 0 ? refuse("innermost") : this.take();
  }

  ready(options: ReadyOptions<number> = {}): Promise<Permit<number, Answer>> {
    return this.line.join(options);
  }

  private serve(): void {
    while (this.line.size > 0 && this.allowed > 0) this.line.grant(this.take());
  }

  private take(): Permit<number, Answer> {
    this.allowed--;
    this.reserved++;
    let open = true;
    const use = (): void => {
      if (!open) this.faults.push("A reservation is used twice.");
      else this.reserved--;
      open = false;
    };
    const release = (): void => {
      use();
      this.allowed++;
      this.serve();
    };
    const call = (who: number, options: CallOptions = {}): Promise<Answer> => {
      use();
      return this.begin(who, options);
    };
    return { call, release, [Symbol.dispose]: release };
  }

  private begin(who: number, options: CallOptions): Promise<Answer> {
    const context = caller.getStore();
    if (context !== who) this.faults.push(`${who} works in the context of ${context}.`);
    if (++this.going > this.most) this.faults.push(`${this.going} work, and ${this.most} may.`);
    const job: Job = { who, since: this.clock.now(), options, answer: deferred(), answered: false, works: [] };
    this.jobs.push(job);
    if (this.throwsFor.has(who)) {
      this.answered(job);
      throw new Reason(who, "thrown");
    }
    return job.answer.promise;
  }

  /** Answers, optionally with a body that goes on. */
  respond(job: Job, withBody: boolean): void {
    const body = withBody ? this.addWork(job) : undefined;
    this.answered(job);
    job.answer.resolve({ who: job.who, body });
  }

  fail(job: Job, reason: Error = new Reason(job.who, "failed")): void {
    this.answered(job);
    job.answer.reject(reason);
  }

  /** Registers work that goes on until {@link endWork}. */
  handUp(job: Job): void {
    job.options.waitUntil?.(this.addWork(job));
  }

  endWork(job: Job, failing: boolean): void {
    const work = job.works.shift()!;
    if (failing) work.reject(new Reason(job.who, "work failed"));
    else work.resolve();
    this.looked(job);
  }

  private addWork(job: Job): Promise<void> {
    const work = deferred();
    job.works.push(work);
    return work.promise;
  }

  private answered(job: Job): void {
    job.answered = true;
    this.looked(job);
  }

  private looked(job: Job): void {
    if (job.answered && job.works.length === 0) this.going--;
  }
}
