import { type CallOptions, type Clock, events, type Outcome } from "@sluice/core";
import { ask, isVirtual, type Reservation, type Stack } from "@sluice/core/internal";
import {
  type AbortListener,
  abortReason,
  failureCode,
  listen,
  requireDuration,
  timerTolerance,
  unlisten,
} from "@sluice/core/kit";
import { announceDenial } from "./announce.ts";
import type { RetryPolicy } from "./policy.ts";

/**
 * So many retries of a request without delay are made one after the other, as fast as the service answers. All of them may happen in one
 * turn of the event loop, where the service fails at once: then the next one waits for a timer of 0 ms, or no timer, no I/O and no
 * abort would ever have its turn.
 */
const mostWithoutDelay = 100;

/** What all requests of a layer have in common. */
export interface Retrying {
  readonly policy: RetryPolicy<any, any, any, any>;
  readonly clock: Clock;
  readonly label: string | undefined;
  /** Retries so far. */
  retries: number;
  /** Requests in a backoff. */
  waiting: number;
}

/**
 * A request, from the end of its first attempt to its answer. All that it does after an attempt happens in reactions that were attached in
 * the caller's async context, and so in that context.
 */
export class RetriedCall implements AbortListener {
  private readonly retrying: Retrying;
  private readonly inner: Stack;
  private readonly options: CallOptions;
  /** What to send again, where `mayRepeat` says that there is something. */
  private spare: unknown;
  private mayRepeat = true;
  private state: unknown;
  private readonly began: number;
  private number = 1;
  /** Retries since the last timer. */
  private withoutDelay = 0;
  private next: unknown;
  private timer: unknown;
  /** The caller aborted in a backoff. */
  private gaveUp = false;
  private resolve!: (value: unknown) => void;
  private reject!: (reason: unknown) => void;
  /** Takes the outcome of an attempt that runs in an async context of its own. */
  private settleAttempt: ((outcome: Outcome) => void) | undefined = undefined;

  /** @param began when its first attempt was made */
  constructor(retrying: Retrying, inner: Stack, options: CallOptions, spare: unknown, state: unknown, began: number) {
    this.retrying = retrying;
    this.inner = inner;
    this.options = options;
    this.spare = spare;
    this.state = state;
    this.began = began;
  }

  /** The caller gave up in a backoff. */
  aborted(reason: unknown): void {
    this.gaveUp = true;
    this.retrying.clock.clearTimeout(this.timer);
    this.retrying.waiting--;
    this.reject(reason);
  }

  /** The first attempt has ended. What is thrown or answered is the request's end, or a promise of it. */
  first(outcome: Outcome): unknown {
    const delay = this.decide(outcome);
    if (delay === undefined) {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    }
    // One promise for all further attempts: none has to wait for the promise of the next.
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.pause(delay);
    });
  }

  /** In how many milliseconds there is another attempt; undefined when there is none. What the policy throws, it throws. */
  private decide(outcome: Outcome): number | undefined {
    const { policy, clock, label } = this.retrying;
    const { signal, deadline } = this.options;
    if (!this.mayRepeat || signal?.aborted) return undefined;
    const timed = policy.timed !== false;
    const now = timed || deadline !== undefined ? clock.now() : 0;
    const remaining = deadline === undefined ? undefined : deadline - now;
    const decision = policy.decide({
      number: this.number,
      request: this.spare,
      outcome,
      state: this.state,
      elapsed: timed ? now - this.began : 0,
      remaining,
      label,
    });
    if (decision === undefined) return undefined;
    const delay = requireDuration("retry", "delay", (decision as typeof decision | null)?.delay);
    if (remaining !== undefined && delay >= remaining) {
      announceDenial(policy, this.number + 1, "deadline", label);
      return undefined;
    }
    this.number++;
    this.next = decision.request === undefined ? this.spare : decision.request;
    if (decision.state !== undefined) this.state = decision.state;
    if (events.listening) {
      const code = outcome.status === "rejected" ? failureCode(outcome.reason) : undefined;
      events.emit({ type: "retry", ...this.event, delay, code });
    }
    return delay;
  }

  /** What all events about the attempt that comes next have in common. */
  private get event(): { layer: string; label: string | undefined; source: object; attempt: number } {
    const { policy, label } = this.retrying;
    return { layer: "retry", label, source: policy, attempt: this.number };
  }

  /** The next attempt, its wait for readiness included, inside what is carried into the async context of an attempt. */
  private again(): void {
    if (!events.carrying) {
      this.ask();
      return;
    }
    // The reaction to its outcome is attached out here: or the next attempt would run inside the context of this one.
    void new Promise<Outcome>((resolve) => {
      this.settleAttempt = resolve;
      events.within({ type: "attempt", ...this.event }, () => {
        this.ask();
      });
    }).then((outcome) => {
      this.ended(outcome);
    });
  }

  private pause(delay: number): void {
    const { retrying } = this;
    const { signal } = this.options;
    // By the policy itself, while it was asked.
    if (signal?.aborted) {
      this.reject(abortReason(signal));
      return;
    }
    if (delay === 0 && this.withoutDelay < mostWithoutDelay) {
      this.withoutDelay++;
      this.again();
      return;
    }
    this.withoutDelay = 0;
    retrying.waiting++;
    if (signal !== undefined) listen(signal, this);
    const since = retrying.clock.now();
    this.sleep(since, since + delay, delay);
  }

  /** Waits for `ms` milliseconds, and on until `due` where the timer has fired before. */
  private sleep(since: number, due: number, ms: number): void {
    const { retrying } = this;
    const { clock } = retrying;
    const { signal } = this.options;
    // The timer runs in whatever context its clock has; what is attached here, in the caller's.
    void new Promise<void>((resolve) => {
      this.timer = clock.setTimeout(resolve, ms);
    }).then(() => {
      // The abort came between the timer and now.
      if (this.gaveUp) return;
      if (!signal?.aborted && !isVirtual(clock)) {
        const now = clock.now();
        const early = due - now;
        // Early enough to be refused for it. Where the clock has hardly moved, timers go by another time than it.
        if (early > 0 && early < timerTolerance && (now - since) * 2 >= due - since) {
          this.sleep(since, due, early);
          return;
        }
      }
      if (signal !== undefined) unlisten(signal, this);
      // Or it was never heard of: another listener stopped its event.
      if (signal?.aborted) this.aborted(abortReason(signal));
      else {
        retrying.waiting--;
        this.again();
      }
    });
  }

  /** No permit was held in the meantime: readiness is asked for again, and its failure is the request's. */
  private ask(): void {
    const { signal, deadline } = this.options;
    ask(
      this.inner,
      { request: this.next, signal, deadline },
      (reservation) => {
        // The abort may have come between the grant and now.
        if (signal?.aborted) {
          reservation.cancel();
          this.reject(abortReason(signal));
        } else this.attempt(reservation);
      },
      this.reject,
    );
  }

  private attempt(reservation: Reservation): void {
    const { policy } = this.retrying;
    const request = this.next;
    try {
      if (policy.cloneRequest === undefined) this.spare = request;
      else {
        this.spare = policy.cloneRequest(request);
        this.mayRepeat = this.spare !== undefined;
      }
    } catch (error) {
      reservation.cancel();
      this.reject(error);
      return;
    }
    this.retrying.retries++;
    const ended = this.settleAttempt ?? ((outcome: Outcome) => this.ended(outcome));
    this.settleAttempt = undefined;
    reservation.start(request, this.options, false).then(
      (value) => {
        ended({ status: "fulfilled", value });
      },
      (reason: unknown) => {
        ended({ status: "rejected", reason });
      },
    );
  }

  private ended(outcome: Outcome): void {
    if (outcome.status === "fulfilled" && this.retrying.policy.onlyFailures === true) {
      this.resolve(outcome.value);
      return;
    }
    try {
      const delay = this.decide(outcome);
      if (delay !== undefined) this.pause(delay);
      else if (outcome.status === "fulfilled") this.resolve(outcome.value);
      else this.reject(outcome.reason);
    } catch (error) {
      this.reject(error);
    }
  }
}
