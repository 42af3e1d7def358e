/**
 * What a rate is to do, told as plainly as it can be: all starts that ever were, and the questions answered by going
 * through them. Times are whole milliseconds, and `interval / limit` must be whole too, so that looking at each
 * millisecond misses nothing.
 */
export interface RateRules {
  readonly limit: number;
  readonly interval: number;
  readonly burst: number;
}

/** How many more may start at `now`, after `starts`. */
export type Room = (rules: RateRules, starts: readonly number[], now: number) => number;

export const rooms: Record<string, Room> = {
  "sliding-window": ({ limit, interval }, starts, now) =>
    limit - starts.filter((start) => start + interval > now).length,

  "token-bucket": ({ limit, interval, burst }, starts, now) => {
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

  "fixed-window": ({ limit, interval }, starts, now) => {
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
};

/** By how many starts the bound that an algorithm promises is exceeded, at most, over all spans that begin with a start. */
export function excess(algorithm: string, starts: readonly number[], { limit, interval, burst }: RateRules): number {
  const over = starts.flatMap((from, first) => {
    const inSpan = starts.slice(first).filter((start) => start < from + interval).length;
    if (algorithm === "sliding-window") return [inSpan - limit];
    if (algorithm === "fixed-window") return [inSpan - 2 * limit];
    return starts.slice(first).map((to, more) => more + 1 - burst - (limit * (to - from)) / interval);
  });
  return Math.max(0, ...over);
}

interface Waiter {
  readonly name: number;
  readonly deadline: number | undefined;
}

/** The model of one gate: an array of those who wait, a count of those who hold. */
export class RateModel {
  readonly starts: number[] = [];
  readonly line: Waiter[] = [];
  /** Those let in, in turn; those who gave up; and those refused for their deadline. */
  readonly letIn: number[] = [];
  readonly gaveUp: number[] = [];
  readonly refused: number[] = [];
  held = 0;
  now = 0;
  private moving = false;
  private readonly rules: RateRules;
  private readonly room: Room;

  constructor(rules: RateRules, room: Room) {
    this.rules = rules;
    this.room = room;
  }

  get available(): number {
    return Math.max(this.room(this.rules, this.starts, this.now) - this.held, 0);
  }

  /** When the last of `count` could start, each as soon as it may: by trying every millisecond. */
  earliest(count: number): number {
    const starts = [...this.starts];
    let time = this.now;
    for (let left = count; ;) {
      for (let room = this.room(this.rules, starts, time); room > 0; room--) {
        if (--left === 0) return time;
        starts.push(time);
      }
      time++;
    }
  }

  get retryAfter(): number {
    return this.earliest(this.held + this.line.length + 1) - this.now;
  }

  tryAcquire(name: number): void {
    if (this.line.length === 0 && this.available > 0) this.enter(name);
  }

  acquire(name: number, deadline: number | undefined): void {
    if (this.line.length === 0 && this.available > 0) this.enter(name);
    else if (deadline !== undefined && this.now + this.retryAfter > deadline) this.refused.push(name);
    else this.line.push({ name, deadline });
  }

  start(): void {
    this.held--;
    this.starts.push(this.now);
    this.serve();
  }

  cancel(): void {
    this.held--;
    this.serve();
  }

  abort(name: number): void {
    const at = this.line.findIndex((waiter) => waiter.name === name);
    if (at < 0) return;
    this.line.splice(at, 1);
    this.gaveUp.push(name);
    this.serve();
  }

  advance(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now++;
      // Time alone brings nothing while permits take up all there could be: nobody looks.
      if (this.held < this.most) this.serve();
    }
  }

  /** Those let in from the line move on, and the line is looked at once more. */
  settle(): void {
    while (this.moving) {
      this.moving = false;
      this.serve();
    }
  }

  private get most(): number {
    return this.rules.burst;
  }

  private enter(name: number): void {
    this.held++;
    this.letIn.push(name);
  }

  private serve(): void {
    for (let first = this.line[0]; first !== undefined; first = this.line[0]) {
      if (first.deadline !== undefined && this.earliest(this.held + 1) > first.deadline) this.refused.push(first.name);
      else if (this.available > 0) {
        this.enter(first.name);
        this.moving = true;
      } else return;
      this.line.shift();
    }
  }
}
