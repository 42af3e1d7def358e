import { type AttemptEvent, type CallOptions, events, type Permit, type Service } from "@sluice/core";
import {
  type AbortListener,
  type Deadline,
  type Inside,
  listen,
  promiseOf,
  report,
  timeOf,
  unlisten,
} from "@sluice/core/kit";
import { Attempt, type Hedged } from "./attempt.ts";
import { HedgeLostError } from "./hedge-lost-error.ts";
import type { Hedging } from "./hedging.ts";
import type { Settings } from "./options.ts";

/** A request and its attempts. Each moment of its schedule comes in a reaction that was attached in the caller's async context. */
export class HedgedCall implements AbortListener, Deadline, Hedged {
  due: number = Number.POSITIVE_INFINITY;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  below: Deadline | undefined = undefined;
  readonly hedging: Hedging;
  readonly options: CallOptions;
  private readonly service: Service<any, unknown>;
  /** What to send again. */
  private spare: unknown;
  private readonly attempts: Attempt[] = [];
  /** The number of the attempt whose moment comes next. */
  private coming = 2;
  private readonly began: number;
  private over = false;
  private come!: () => void;
  private resolve!: (value: unknown) => void;
  private reject!: (reason: unknown) => void;

  constructor(hedging: Hedging, service: Service<any, unknown>, options: CallOptions, spare: unknown, now: number) {
    this.hedging = hedging;
    this.service = service;
    this.options = options;
    this.spare = spare;
    this.began = now;
  }

  /** Begins with the first attempt, for which `inside` was reserved. @param wait until the moment of the second; undefined: there is none */
  begin(inside: Inside, request: unknown, wait: number | undefined): Promise<unknown> {
    const { signal } = this.options;
    if (signal !== undefined) listen(signal, this);
    const first = this.attempt();
    const answer = inside.start(request, first.options);
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      first.observe(answer);
      this.await(this.began, wait);
    });
  }

  /** The moment of the next attempt. */
  expire(): void {
    this.come();
  }

  /** The caller gave up: all attempts are told, and there are no more. It ends when they do. */
  aborted(reason: unknown): void {
    this.hedging.deadlines.remove(this);
    this.coming = Number.POSITIVE_INFINITY;
    for (const attempt of this.attempts) attempt.abort(reason);
  }

  succeeded(winner: Attempt, value: unknown): void {
    this.learn(winner);
    if (winner.number > 1) this.hedging.wins++;
    const losers = this.attempts.filter(({ isRunning }) => isRunning);
    // Before the caller hears of it: gates outside must not think that the work is over.
    for (const loser of losers) loser.abandon();
    this.end();
    this.resolve(value);
    if (losers.length === 0) return;
    const lost = new HedgeLostError();
    for (const loser of losers) loser.abort(lost);
  }

  failed(): void {
    if (this.attempts.some(({ isRunning }) => isRunning)) return;
    // All that were made have failed.
    this.end();
    this.reject(this.attempts[0]!.reason);
  }

  workSettled(): void {
    if (this.over) this.unfollow();
  }

  /** Waits for the next moment. The timer is shared, and fires in the context of any caller; what is attached here runs in this one's. */
  private await(now: number, wait: number | undefined): void {
    const { signal, deadline = Infinity } = this.options;
    if (wait === undefined || this.over || signal?.aborted) return;
    const { deadlines, settings } = this.hedging;
    // Deadlines are times of the clock, and the layer's time is ahead of it once that was set back.
    const due = now + wait - (deadlines.now() - timeOf(settings.clock));
    // After the deadline an answer is of no use.
    if (due >= deadline) return;
    this.due = due;
    void new Promise<void>((resolve) => {
      this.come = resolve;
    }).then(() => {
      this.moment();
    });
    deadlines.add(this);
  }

  private moment(): void {
    if (this.over || this.options.signal?.aborted) return;
    this.coming++;
    const permit = this.permit();
    if (permit !== undefined) this.hedge(permit);
    this.schedule();
  }

  /** The next moment, where there is one. */
  private schedule(): void {
    const { settings, delay, deadlines } = this.hedging;
    if (this.over || this.coming > settings.attempts || isMissing(this.spare, settings.cloneRequest)) return;
    try {
      const now = deadlines.now();
      this.await(now, delay.before(this.coming, now));
    } catch (error) {
      // No caller can receive it: the request is under way.
      report(error);
    }
  }

  /** Room for one more attempt now, and the right to make it. */
  private permit(): Permit<any, unknown> | undefined {
    const { hedging, service } = this;
    let permit: Permit<any, unknown> | undefined;
    try {
      permit = service.tryReady(this.spare);
    } catch {
      // A failure of readiness is none of the request, which has its attempts.
    }
    if (permit === undefined) {
      hedging.skipped++;
      return undefined;
    }
    try {
      if (hedging.settings.budget?.withdraw() !== false) return permit;
    } catch (error) {
      report(error);
    }
    hedging.denied++;
    release(permit);
    return undefined;
  }

  private hedge(permit: Permit<any, unknown>): void {
    const { hedging } = this;
    const { cloneRequest, attempts } = hedging.settings;
    const request = this.spare;
    try {
      if (cloneRequest !== undefined && this.coming <= attempts) this.spare = cloneRequest(request);
    } catch (error) {
      report(error);
      this.spare = undefined;
    }
    if (this.options.signal?.aborted) {
      // In the budget or in the copy, which are somebody else's functions: this attempt would not be told.
      release(permit);
      return;
    }
    hedging.hedges++;
    const attempt = this.attempt();
    const { number } = attempt;
    if (events.listening) {
      const after = hedging.deadlines.now() - this.began;
      events.emit({ type: "hedge", ...hedging.about, attempt: number, after });
    }
    const call = (): Promise<unknown> => begin(permit, request, attempt.options);
    const event: AttemptEvent = { type: "attempt", ...hedging.about, attempt: number };
    // What becomes of it is observed out here, and not in the context of the attempt.
    attempt.observe(events.carrying ? events.within(event, call) : call());
  }

  private attempt(): Attempt {
    const attempt = new Attempt(this, this.attempts.length + 1);
    this.attempts.push(attempt);
    return attempt;
  }

  /**
   * What a first attempt has taken: all of its time, or, where it has lost, so much that it takes longer. Attempts that win would not do:
   * the slow ones are those that lose, so that the quantile of the winners is too low, and too many requests are hedged.
   */
  private learn(winner: Attempt): void {
    const { delay, deadlines } = this.hedging;
    const [first] = this.attempts;
    if (!delay.learns || (winner !== first && !first!.isRunning)) return;
    const now = deadlines.now();
    delay.learn(now - this.began, now);
  }

  private end(): void {
    this.over = true;
    this.hedging.deadlines.remove(this);
    this.unfollow();
  }

  /** Those that lost are aborted already, and need not hear of the caller. */
  private unfollow(): void {
    const { signal } = this.options;
    if (signal === undefined || this.attempts.some(({ goesOn }) => goesOn)) return;
    unlisten(signal, this);
  }
}

function begin(permit: Permit<any, unknown>, request: unknown, options: CallOptions): Promise<unknown> {
  try {
    // The service inside may be of another make.
    return promiseOf(permit.call(request, options));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether there is nothing to send again. Without `cloneRequest` there always is: a request may itself be undefined. */
export function isMissing(spare: unknown, cloneRequest: Settings["cloneRequest"]): boolean {
  return spare === undefined && cloneRequest !== undefined;
}

/** The service inside may be of another make. */
function release(permit: Permit<any, unknown>): void {
  try {
    permit.release();
  } catch (error) {
    report(error);
  }
}
