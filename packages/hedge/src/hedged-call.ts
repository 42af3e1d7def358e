import { type AttemptEvent, type CallOptions, events, type Permit, type Service } from "@sluice/core";
import {
  type AbortListener,
  abortWith,
  type Deadline,
  type Deadlines,
  type Inside,
  listen,
  promiseOf,
  report,
  unlisten,
} from "@sluice/core/kit";
import type { HedgeDelay } from "./hedge-delay.ts";
import { HedgeLostError } from "./hedge-lost-error.ts";
import type { Settings } from "./options.ts";

/** What all requests of a layer have in common. */
export interface Hedging {
  readonly settings: Settings;
  readonly delay: HedgeDelay;
  readonly deadlines: Deadlines;
  /** Further attempts that were made. */
  hedges: number;
  /** Requests that a further attempt answered. */
  wins: number;
  /** Moments at which the service inside had no room. */
  skipped: number;
  /** Moments at which the budget had none left. */
  denied: number;
  /** Attempts that lost and have not settled. */
  abandoned: number;
}

interface Attempt {
  readonly number: number;
  readonly controller: AbortController;
  /** When it began, where somebody wants to know. */
  readonly began: number;
  answer: Promise<unknown> | undefined;
  state: "running" | "settled" | "lost";
  /** Work that it has registered, and that has not settled. */
  works: number;
  reason: unknown;
}

/** A request and its attempts. Each moment of its schedule comes in a reaction that was attached in the caller's async context. */
export class HedgedCall implements AbortListener, Deadline {
  due: number = Number.POSITIVE_INFINITY;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  below: Deadline | undefined = undefined;
  private readonly hedging: Hedging;
  private readonly service: Service<any, unknown>;
  private readonly options: CallOptions;
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
    const first = this.attempt(this.began);
    const answer = inside.start(request, this.optionsOf(first));
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.observe(first, answer);
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
    for (const { controller } of this.attempts) abortWith(controller, reason);
  }

  /** Waits for the next moment. The timer is shared, and fires in the context of any caller; what is attached here runs in this one's. */
  private await(now: number, wait: number | undefined): void {
    const { signal, deadline = Infinity } = this.options;
    // After the deadline an answer is of no use.
    if (wait === undefined || now + wait >= deadline || this.over || signal?.aborted) return;
    this.due = now + wait;
    void new Promise<void>((resolve) => {
      this.come = resolve;
    }).then(() => {
      this.moment();
    });
    this.hedging.deadlines.add(this);
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
    const { settings, deadlines } = this.hedging;
    const request = this.spare;
    try {
      if (settings.cloneRequest !== undefined) this.spare = settings.cloneRequest(request);
    } catch (error) {
      report(error);
      this.spare = undefined;
    }
    if (this.options.signal?.aborted) {
      // In the budget or in the copy, which are somebody else's functions: this attempt would not be told.
      release(permit);
      return;
    }
    this.hedging.hedges++;
    const now = deadlines.now();
    const attempt = this.attempt(now);
    const { number } = attempt;
    if (events.listening) {
      events.emit({ type: "hedge", ...this.about, attempt: number, after: now - this.began });
    }
    const call = (): Promise<unknown> => {
      try {
        // The service inside may be of another make.
        return promiseOf(permit.call(request, this.optionsOf(attempt)));
      } catch (error) {
        return Promise.reject(error);
      }
    };
    const event: AttemptEvent = { type: "attempt", ...this.about, attempt: number };
    // What becomes of it is observed out here, and not in the context of the attempt.
    this.observe(attempt, events.carrying ? events.within(event, call) : call());
  }

  private attempt(began: number): Attempt {
    const attempt: Attempt = {
      number: this.attempts.length + 1,
      controller: new AbortController(),
      began,
      answer: undefined,
      state: "running",
      works: 0,
      reason: undefined,
    };
    this.attempts.push(attempt);
    return attempt;
  }

  private optionsOf(attempt: Attempt): CallOptions {
    const { signal, deadline, waitUntil } = this.options;
    return {
      signal: attempt.controller.signal,
      deadline,
      waitUntil: signal === undefined ? waitUntil : this.follower(attempt),
    };
  }

  private observe(attempt: Attempt, answer: Promise<unknown>): void {
    attempt.answer = answer;
    answer.then(
      (value) => {
        if (this.settled(attempt)) this.succeed(attempt, value);
      },
      (reason: unknown) => {
        attempt.reason = reason;
        if (this.settled(attempt) && this.attempts.every(({ state }) => state !== "running")) this.fail();
      },
    );
  }

  /** An attempt has settled. Answers whether the request is still open. */
  private settled(attempt: Attempt): boolean {
    if (attempt.state === "lost") this.hedging.abandoned--;
    else attempt.state = "settled";
    return !this.over;
  }

  private succeed(winner: Attempt, value: unknown): void {
    this.learn(winner);
    if (winner.number > 1) this.hedging.wins++;
    const losers = this.attempts.filter(({ state }) => state === "running");
    // Before the caller hears of it: gates outside must not think that the work is over.
    for (const loser of losers) this.abandon(loser);
    this.end();
    this.resolve(value);
    if (losers.length === 0) return;
    const lost = new HedgeLostError();
    for (const { controller } of losers) abortWith(controller, lost);
  }

  /**
   * What a first attempt has taken: all of its time, or, where it has lost, so much that it takes longer. Attempts that win would not do:
   * the slow ones are those that lose, so that the quantile of the winners is too low, and too many requests are hedged.
   */
  private learn(winner: Attempt): void {
    const { delay, deadlines } = this.hedging;
    const [first] = this.attempts;
    if (!delay.learns || (winner !== first && first!.state !== "running")) return;
    const now = deadlines.now();
    delay.learn(now - this.began, now);
  }

  /** All that were made have failed. */
  private fail(): void {
    this.end();
    this.reject(this.attempts[0]!.reason);
  }

  private end(): void {
    this.over = true;
    this.hedging.deadlines.remove(this);
    this.unfollow();
  }

  private abandon(loser: Attempt): void {
    const { hedging } = this;
    const { number } = loser;
    loser.state = "lost";
    hedging.abandoned++;
    handUp(this.options, loser.answer!);
    if (!events.listening) return;
    const since = hedging.deadlines.now();
    events.emit({ type: "abandoned", ...this.about, attempt: number, settled: false, after: 0 });
    const settled = (): void => {
      if (!events.listening) return;
      const after = hedging.deadlines.now() - since;
      events.emit({ type: "abandoned", ...this.about, attempt: number, settled: true, after });
    };
    loser.answer!.then(settled, settled);
  }

  /** An abort still reaches what goes on behind the answer, such as a streamed body. */
  private follower(attempt: Attempt): (work: Promise<unknown>) => void {
    return (work) => {
      const left = (): void => {
        attempt.works--;
        if (this.over) this.unfollow();
      };
      attempt.works++;
      promiseOf(work).then(left, left);
      handUp(this.options, work);
    };
  }

  /** Those that lost are aborted already, and need not hear of the caller. */
  private unfollow(): void {
    const { signal } = this.options;
    if (signal === undefined || this.attempts.some(({ state, works }) => state !== "lost" && works > 0)) return;
    unlisten(signal, this);
  }

  private get about(): { readonly layer: string; readonly label: string | undefined; readonly source: object } {
    return { layer: "hedge", label: this.hedging.settings.label, source: this.hedging };
  }
}

/** Whether there is nothing to send again. Without `cloneRequest` there always is: a request may itself be undefined. */
export function isMissing(spare: unknown, cloneRequest: Settings["cloneRequest"]): boolean {
  return spare === undefined && cloneRequest !== undefined;
}

/** Registers work that goes on after the answer with the gates outside. */
function handUp(options: CallOptions, work: Promise<unknown>): void {
  try {
    options.waitUntil?.(work);
  } catch (error) {
    report(error);
  }
}

/** The service inside may be of another make. */
function release(permit: Permit<any, unknown>): void {
  try {
    permit.release();
  } catch (error) {
    report(error);
  }
}
