import { type Clock, OverloadedError, type ReadyOptions } from "@sluice/core";
import type { Reservation, Stack } from "@sluice/core/internal";
import { type AbortListener, Alarm, LinkedList, LinkedNode, listen, timeOf, unlisten } from "@sluice/core/kit";

/** All callers of a layer who wait, each for the same time: so the first to come is the first to give up, by one timer. */
export class Patience {
  private readonly clock: Clock;
  private readonly wait: number;
  private readonly callers: LinkedList<PatientCaller> = new LinkedList();
  private readonly alarm: Alarm;

  /** @param wait how long each waits, in milliseconds */
  constructor(clock: Clock, wait: number) {
    this.clock = clock;
    this.wait = wait;
    this.alarm = new Alarm(clock, (now) => {
      for (let { first } = this.callers; first !== undefined && first.due <= now; { first } = this.callers) {
        this.callers.remove(first);
        first.expire();
      }
      this.arm();
    });
  }

  /** How many wait. */
  get waiting(): number {
    return this.callers.size;
  }

  /** When a caller who comes now gives up. */
  due(): number {
    return timeOf(this.clock) + this.wait;
  }

  join(caller: PatientCaller): void {
    this.callers.push(caller);
    if (this.callers.first === caller) this.arm();
  }

  leave(caller: PatientCaller): void {
    // An alarm that is early finds nobody due and is set again: cheaper than to set it for each who leaves.
    if (this.callers.remove(caller) && this.callers.size === 0) this.alarm.clear();
  }

  private arm(): void {
    this.alarm.set(this.callers.first?.due ?? Number.POSITIVE_INFINITY);
  }
}

/** A caller who waits for readiness, for a limited time. */
export class PatientCaller extends LinkedNode<PatientCaller> implements AbortListener {
  /** When it gives up, in the clock's milliseconds. */
  readonly due: number;
  private readonly patience: Patience;
  private readonly signal: AbortSignal | undefined;
  /** Takes back what was asked for inside. */
  private readonly withdrawal: AbortController = new AbortController();
  private over = false;
  private giveUp!: () => void;

  constructor(patience: Patience, signal: AbortSignal | undefined) {
    super();
    this.patience = patience;
    this.signal = signal;
    this.due = patience.due();
  }

  /**
   * Waits for a reservation inside. `failed` is called with undefined when the time is over. Both are called in the caller's async
   * context.
   */
  wait(
    inner: Stack,
    { request, deadline = Number.POSITIVE_INFINITY }: ReadyOptions,
    granted: (reservation: Reservation) => void,
    failed: (reason: unknown) => void,
  ): void {
    const { signal } = this;
    if (signal !== undefined) listen(signal, this);
    inner.reserve(
      { request, signal: this.withdrawal.signal, deadline: Math.min(deadline, this.due) },
      (reservation) => {
        // Too late: the grant and the end of the time have met.
        if (!this.end()) reservation.cancel();
        else granted(reservation);
      },
      (reason) => {
        if (this.end()) failed(reason);
      },
    );
    if (this.over) return;
    // The timer fires in the context of another caller. What is attached here runs in this one's.
    void new Promise<void>((resolve) => {
      this.giveUp = resolve;
    }).then(() => {
      failed(undefined);
    });
    this.patience.join(this);
  }

  /** The caller gave up: what was asked for inside is withdrawn, and ends with the reason. */
  aborted(reason: unknown): void {
    this.withdrawal.abort(reason);
  }

  /** The time is over. */
  expire(): void {
    if (!this.end()) return;
    this.giveUp();
    this.withdrawal.abort(new OverloadedError("loadShed"));
  }

  /** Whether it ends now, and not before. */
  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    if (this.signal !== undefined) unlisten(this.signal, this);
    this.patience.leave(this);
    return true;
  }
}
