import { type News, PlainGate } from "./plain-gate.ts";

/**
 * How many more may start at `now`, after `starts`. Times are whole milliseconds, and `interval / limit` must be whole too,
 * so that to look at each millisecond misses nothing.
 */
export type Room = (rules: RateRules, starts: readonly number[], now: number) => number;

export interface RateRules {
  readonly limit: number;
  readonly interval: number;
  readonly burst: number;
}

export const rooms = {
  SlidingWindow: ({ limit, interval }, starts, now) => limit - starts.filter((start) => start + interval > now).length,

  TokenBucket: ({ limit, interval, burst }, starts, now) => {
    // In parts of a token that are all whole: `interval` of them are one.
    let parts = burst * interval;
    let last = 0;
    const fill = (time: number): void => {
      parts = Math.min(burst * interval, parts + (time - last) * limit);
      last = time;
    };
    for (const start of starts) {
      fill(start);
      parts -= interval;
    }
    fill(now);
    return Math.floor(parts / interval);
  },

  FixedWindow: ({ limit, interval }, starts, now) => {
    let end = Number.NEGATIVE_INFINITY;
    let used = 0;
    for (const start of starts) {
      if (start >= end) {
        end = start + interval;
        used = 0;
      }
      used++;
    }
    return now < end ? limit - used : limit;
  },
} satisfies Record<string, Room>;

/** By how many starts the bound that a rate promises is exceeded, at most, over all half-open spans that begin with a start. */
export const excesses = {
  SlidingWindow: ({ limit, interval }, starts) => most(starts, (from) => within(starts, from, interval) - limit),
  TokenBucket: ({ limit, interval, burst }, starts) =>
    most(starts, (from, first) =>
      most(starts.slice(first), (to, more) => more + 1 - burst - (limit * (to - from)) / interval),
    ),
  FixedWindow: ({ limit, interval }, starts) => most(starts, (from) => within(starts, from, interval) - 2 * limit),
} satisfies Record<string, (rules: RateRules, starts: readonly number[]) => number>;

function most(starts: readonly number[], excess: (start: number, nth: number) => number): number {
  return Math.max(0, ...starts.map(excess));
}

function within(starts: readonly number[], from: number, interval: number): number {
  return starts.filter((start) => start >= from && start < from + interval).length;
}

/** A rate as plain as can be: all starts that ever were. Inside are those who have not started yet. */
export class PlainRate extends PlainGate {
  readonly starts: number[] = [];
  /** Until when somebody must have started. */
  readonly deadlines: Map<number, number> = new Map();
  /** Who could not have. */
  readonly refused: number[] = [];
  private readonly rules: RateRules;
  private readonly roomAt: Room;

  constructor(rules: RateRules, roomAt: Room, news?: News) {
    super(rules.burst, news);
    this.rules = rules;
    this.roomAt = roomAt;
  }

  override get room(): number {
    return this.roomAt(this.rules, this.starts, this.now) - this.inside.size;
  }

  /** In how many milliseconds somebody who asks now could start. */
  get retryAfter(): number {
    return this.earliest(this.inside.size + this.line.length + 1) - this.now;
  }

  /** Whether there is a timer: for those who wait, where time can help them. */
  get armed(): number {
    return this.line.length > 0 && this.inside.size < this.max ? 1 : 0;
  }

  override join(who: number): void {
    if (this.now + this.retryAfter > this.deadlineOf(who)) this.refused.push(who);
    else {
      super.join(who);
      // Behind others there is nothing new.
      if (this.line.length === 1) this.serve();
    }
  }

  start(who: number): void {
    this.inside.delete(who);
    this.starts.push(this.now);
    this.serve();
  }

  /** Time goes on. While permits take up all there could be, it brings nothing, and nobody looks. */
  tick(ms: number, rings: boolean): void {
    this.now += ms;
    if (rings && this.inside.size < this.max) this.serve();
  }

  override serve(): void {
    for (let [first] = this.line; first !== undefined; [first] = this.line) {
      if (this.earliest(this.inside.size + 1) > this.deadlineOf(first)) {
        this.refused.push(first);
        this.line.shift();
      } else if (this.room > 0) this.serveFirst();
      else return;
    }
  }

  /** When the last of `count` could start, each as soon as it may: by trying every millisecond. */
  private earliest(count: number): number {
    const starts = [...this.starts];
    for (let [time, left] = [this.now, count]; ; time++) {
      for (let room = this.roomAt(this.rules, starts, time); room > 0; room--) {
        if (--left === 0) return time;
        starts.push(time);
      }
    }
  }

  private deadlineOf(who: number): number {
    return this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
  }
}
