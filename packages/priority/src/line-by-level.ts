import { events, isOverloadedError, OverloadedError, type ReadyOptions, type WaitingLine } from "@sluice/core";
import { abortReason, Alarm, isOwnAbort, Line, show } from "@sluice/core/kit";
import { FairShare } from "./fair-share.ts";
import type { LevelCounter } from "./level-count.ts";
import type { RequiredOptions } from "./priority-options.ts";

/** What is known of a caller in line. */
interface Queued {
  /** When it joined. */
  readonly since: number;
  /** How many joined before it. */
  readonly order: number;
}

const name = "priorityLine";

const settled: Promise<void> = Promise.resolve();

/** Callers in line, those of each level in a line of their own, the most important at 0. Joining and granting take a step for each level. */
export class LineByLevel<Grant, Req> implements WaitingLine<Grant, Req> {
  private readonly options: RequiredOptions<Req>;
  private readonly counters: readonly LevelCounter[];
  private readonly serve: () => void;
  private readonly lines: readonly Line<Grant, Queued>[];
  /** How many wait of each level, as far as it was counted. */
  private readonly sizes: number[];
  private waiting = 0;
  private readonly share: FairShare;
  private readonly alarm: Alarm;
  /** The alarm rings by then. */
  private due = Number.POSITIVE_INFINITY;
  /** Since when the line has not been empty. */
  private busySince: number | undefined = undefined;
  /** Who was granted, and has not moved on. */
  private moving = 0;
  private joined = 0;

  /** @param counters one for each level */
  constructor(options: RequiredOptions<Req>, counters: readonly LevelCounter[], serve: () => void) {
    this.options = options;
    this.counters = counters;
    this.serve = serve;
    this.lines = counters.map(
      (_, level) =>
        new Line<Grant, Queued>(() => {
          this.count(level);
          this.watch(this.now());
          this.serve();
        }),
    );
    this.sizes = counters.map(() => 0);
    this.share = new FairShare(options.share);
    this.alarm = new Alarm(options.clock, (now) => {
      this.due = Number.POSITIVE_INFINITY;
      this.refuseLate(now, 0);
      this.watch(now);
    });
  }

  get size(): number {
    return this.waiting;
  }

  get bounded(): boolean {
    return this.options.patience !== undefined || this.options.maxWaiting < Number.POSITIVE_INFINITY;
  }

  /**
   * Whether a newcomer must wait: a caller as important as it, or more, waits; or one of whichever level was granted and has not moved on,
   * for no caller is overtaken on the way to the next line.
   */
  blocks(request?: Req): boolean {
    if (this.moving > 0) return true;
    if (this.size === 0) return false;
    const level = this.levelOf(request);
    // The caller's function may have let those be served who wait.
    return this.moving > 0 || this.lines.some((line, at) => at <= level && line.size > 0);
  }

  join(options: ReadyOptions<Req>): Promise<Grant> {
    const { request, signal, deadline } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    let level: number;
    try {
      level = this.levelOf(request);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.size >= this.options.maxWaiting && !this.makeRoom(level)) {
      return this.announced(Promise.reject(this.refusal(level, "capacity")), level, signal);
    }
    const now = this.now();
    const queued = { since: now, order: this.joined++ };
    const waiting = this.line(level).join({ request: queued, signal, deadline });
    this.count(level);
    this.busySince ??= now;
    this.watch(now);
    return this.announced(waiting, level, signal);
  }

  grant(grant: Grant): void {
    const now = this.now();
    // There is room for one: whoever is left at last is not refused, however late.
    this.refuseLate(now, 1);
    const first = this.lines.findIndex((line) => line.size > 0);
    const behind = this.longestBehind(first);
    const level = behind !== undefined && this.share.isTheirs() ? behind : first;
    const line = this.line(level);
    const newest = this.options.newestFirst && level === first && this.isOverloaded(now);
    line.grant(grant, newest ? line.last : line.first);
    this.count(level);
    this.counter(level).granted++;
    this.moving++;
    // Queued behind the waiter's own reaction, which by then has joined the next line.
    void settled.then(this.moved);
    this.watch(now);
  }

  private readonly moved = (): void => {
    this.moving--;
    if (this.moving === 0 && this.size > 0) this.serve();
  };

  private levelOf(request: Req | undefined): number {
    if (request === undefined) return 0;
    const priority: unknown = this.options.priority(request);
    if (typeof priority !== "number" || Number.isNaN(priority)) {
      throw new TypeError(`${name}: what priority returns must be a number; received ${show(priority)}`);
    }
    return Math.floor(Math.min(Math.max(priority, 0), this.lines.length - 1));
  }

  private line(level: number): Line<Grant, Queued> {
    return this.lines[level] as Line<Grant, Queued>;
  }

  private counter(level: number): LevelCounter {
    return this.counters[level] as LevelCounter;
  }

  /** The level of the caller that has waited longest of those behind `first`; undefined where nobody does. */
  private longestBehind(first: number): number | undefined {
    let found: number | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (let level = first + 1; level < this.lines.length; level++) {
      const order = this.line(level).first?.options.request?.order;
      if (order !== undefined && order < earliest) {
        earliest = order;
        found = level;
      }
    }
    return found;
  }

  /** Refuses the newest of the least important, where it is less important than `level`. Whether it has. */
  private makeRoom(level: number): boolean {
    for (let least = this.lines.length - 1; least > level; least--) {
      const line = this.line(least);
      if (line.size === 0) continue;
      this.refuse(least, "priority", line.last);
      return true;
    }
    return false;
  }

  /** Refuses those who have waited for too long, as long as more than `spared` wait. */
  private refuseLate(now: number, spared: number): void {
    const { patience } = this.options;
    if (patience === undefined) return;
    const overloaded = this.isOverloaded(now);
    for (let level = this.lines.length - 1; level >= 0; level--) {
      const line = this.line(level);
      const limit = patience.of(level, overloaded);
      while (this.size > spared && isLate(line.first, limit, now)) this.refuse(level, "capacity", line.first);
    }
  }

  private refuse(level: number, reason: "capacity" | "priority", waiter: Line<Grant, Queued>["first"]): void {
    const signal = waiter?.options.signal;
    // An abort that was never heard of, because another listener stopped its event, is taken up now.
    this.line(level).refuse(signal?.aborted ? abortReason(signal) : this.refusal(level, reason), waiter);
    this.count(level);
  }

  /** A caller of this level may have come or gone. */
  private count(level: number): void {
    const more = this.line(level).size - (this.sizes[level] as number);
    this.sizes[level] = this.line(level).size;
    this.counter(level).waiting += more;
    this.waiting += more;
  }

  private refusal(level: number, reason: "capacity" | "priority"): OverloadedError {
    this.counter(level).refused++;
    return new OverloadedError(name, { reason, label: this.options.label });
  }

  /** Announces a refusal, in the async context of the caller that is refused. */
  private announced(waiting: Promise<Grant>, level: number, signal: AbortSignal | undefined): Promise<Grant> {
    if (!events.listening) return waiting;
    const { label } = this.options;
    waiting.then(undefined, (error: unknown) => {
      if (!isOverloadedError(error) || isOwnAbort(signal, error)) return;
      const { reason } = error;
      events.emit({ type: "shed", layer: name, label, source: this, by: name, byLabel: label, level, reason });
    });
    return waiting;
  }

  private now(): number {
    const { patience, newestFirst } = this.options;
    return patience === undefined && !newestFirst ? 0 : this.alarm.now();
  }

  private isOverloaded(now: number): boolean {
    return this.busySince !== undefined && this.busySince + this.options.interval <= now;
  }

  /** Sets the alarm for whoever is late next. It may ring before, and is then set again: so it is not set for each who comes and goes. */
  private watch(now: number): void {
    if (this.size === 0) {
      this.busySince = undefined;
      this.due = Number.POSITIVE_INFINITY;
      this.alarm.clear();
      return;
    }
    const { patience, interval } = this.options;
    if (patience === undefined || this.busySince === undefined) return;
    const overloaded = this.isOverloaded(now);
    // Then the patience of all is over, or less.
    let due = overloaded ? Number.POSITIVE_INFINITY : this.busySince + interval;
    for (let level = 0; level < this.lines.length; level++) {
      const since = this.line(level).first?.options.request?.since;
      if (since !== undefined) due = Math.min(due, since + patience.of(level, overloaded));
    }
    if (this.due <= due && this.alarm.trusted) return;
    this.due = due;
    this.alarm.set(due);
  }
}

function isLate(waiter: Line<unknown, Queued>["first"], limit: number, now: number): boolean {
  const since = waiter?.options.request?.since;
  return since !== undefined && since + limit <= now;
}
