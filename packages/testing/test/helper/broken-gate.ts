import type { Gate, Lease, ReadyOptions } from "@sluice/core";

/** What is wrong with a {@link BrokenGate}. */
export interface Faults {
  /** Serves the last to come first. */
  readonly lifo?: boolean;
  /** Calls those who wait when a place is free, instead of giving it to them; newcomers are quicker. */
  readonly barge?: boolean;
  /** Has nothing against newcomers before those who were granted have moved on. */
  readonly hurry?: boolean;
  /** Does not take back a place that was never used. */
  readonly keepUnused?: boolean;
  /** Does not take back the place of a call that failed. */
  readonly keepFailed?: boolean;
  /** Takes back twice a place that was never used. */
  readonly giveTwice?: boolean;
  /** Rejects with an error of its own when it does. */
  readonly ownReason?: boolean;
  /** Goes on listening when the waiting is over. */
  readonly listensOn?: boolean;
  /** Does not see that a place is free until somebody leaves the line. */
  readonly sleeps?: boolean;
  /** Looks through the line for whoever leaves it. */
  readonly searches?: boolean;
  /** Lets the next one in when the answer is out, not when the work is over. */
  readonly freeAtAnswer?: boolean;
}

interface Waiter {
  readonly grant: (lease: Lease) => void;
}

/** A number of places, written without anything of core's, with faults that can be chosen; without any it keeps all promises. */
export class BrokenGate implements Gate<unknown> {
  private free: number;
  private readonly faults: Faults;
  private readonly waiters: Set<Waiter> = new Set();
  private moving = 0;

  constructor(max: number, faults: Faults = {}) {
    this.free = max;
    this.faults = faults;
  }

  tryAcquire(): Lease | undefined {
    const { barge, hurry } = this.faults;
    if (this.waiters.size > 0 && !barge) return undefined;
    if (this.moving > 0 && !barge && !hurry) return undefined;
    return this.free === 0 ? undefined : this.take();
  }

  acquire({ signal }: ReadyOptions<unknown> = {}): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const { ownReason, listensOn, searches } = this.faults;
      const leave = (): void => {
        if (searches) Array.from(this.waiters).indexOf(waiter);
        this.waiters.delete(waiter);
        reject(ownReason ? new Error("gave up") : signal?.reason);
        this.serve();
      };
      const waiter: Waiter = {
        grant(lease) {
          if (!listensOn) signal?.removeEventListener("abort", leave);
          resolve(lease);
        },
      };
      this.waiters.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  private take(): Lease {
    const { barge, keepUnused, keepFailed, giveTwice, freeAtAnswer } = this.faults;
    this.free--;
    let given = false;
    const giveBack = (): void => {
      if (given && !giveTwice) return;
      given = true;
      this.free++;
      if (barge)
        void Promise.resolve().then(() => {
          this.serve();
        });
      else if (!this.faults.sleeps) this.serve();
    };
    return {
      cancel: () => {
        if (giveTwice) giveBack();
        if (!keepUnused) giveBack();
      },
      answered: () => {
        if (freeAtAnswer) giveBack();
      },
      finish: ({ status }) => {
        if (status === "fulfilled" || !keepFailed) giveBack();
      },
    };
  }

  private serve(): void {
    if (this.moving > 0 && this.free === 0) return;
    for (const first of this.waiters) {
      if (this.free === 0) return;
      const waiter = this.faults.lifo ? [...this.waiters].at(-1)! : first;
      this.waiters.delete(waiter);
      this.moving++;
      waiter.grant(this.take());
      void Promise.resolve().then(() => {
        this.moving--;
        this.serve();
      });
    }
  }
}
