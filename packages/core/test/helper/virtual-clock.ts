import type { Clock } from "../../src/index.ts";

/** Time that passes when the test says so. */
export class VirtualClock implements Clock {
  /** May be set back. */
  time = 0;
  private last = 0;
  private readonly timers = new Map<number, { readonly due: number; readonly run: () => void }>();
  /** The delays that timers were set for, in turn. */
  readonly delays: number[] = [];

  now(): number {
    return this.time;
  }

  setTimeout(run: () => void, ms: number): unknown {
    this.delays.push(ms);
    this.timers.set(++this.last, { due: this.time + ms, run });
    return this.last;
  }

  clearTimeout(handle: unknown): void {
    this.timers.delete(handle as number);
  }

  /** Timers that have yet to fire. */
  get armed(): number {
    return this.timers.size;
  }

  /** Moves time on, firing what falls due on the way. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { due }]) => due <= until).sort(([, a], [, b]) => a.due - b.due);
      if (next === undefined) break;
      this.timers.delete(next[0]);
      this.time = Math.max(this.time, next[1].due);
      next[1].run();
    }
    this.time = until;
  }

  /** Fires the one timer that is armed, though its time has not come by this clock: timers round, and clocks drift. */
  fireEarly(): void {
    const [only] = this.timers;
    if (only === undefined) throw new Error("No timer is armed.");
    this.timers.delete(only[0]);
    only[1].run();
  }
}
