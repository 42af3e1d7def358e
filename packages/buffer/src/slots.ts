import type { Gate, Lease, ReadyOptions } from "@sluice/core";
import { Line } from "@sluice/core/internal";
import { BufferClosedError } from "./buffer-closed-error.ts";

/**
 * What the services that one buffer wraps have in common: its slots, the line of callers who wait for one, the calls
 * that run, and whether any more work is taken.
 */
export class Slots {
  readonly capacity: number;
  /** Calls that the inner services have taken and that have not settled. */
  active = 0;
  /**
   * Lets everybody in, and learns from `gate` when a call, and all that was handed up, is over: with this around it, an
   * inner service tells what runs there.
   */
  readonly running: Gate<unknown>;
  /** Permits in hand, and requests in a queue. */
  private taken = 0;
  private phase: "open" | "draining" | "closed" = "open";
  private drained: Promise<void> | undefined;
  private allDone: (() => void) | undefined;
  private readonly line: Line<undefined> = new Line(() => {
    this.serve();
  });

  constructor(capacity: number) {
    this.capacity = capacity;
    const lease: Lease = {
      start: () => {
        this.active++;
      },
      cancel() {},
      finish: () => {
        this.active--;
        this.settle();
      },
    };
    this.running = { tryAcquire: () => lease, acquire: () => Promise.resolve(lease) };
  }

  /** Free slots. */
  get available(): number {
    return this.capacity - this.taken;
  }

  /** Callers in line for a slot. */
  get waiting(): number {
    return this.line.size;
  }

  /** Whether permits in hand are refused too. */
  get closed(): boolean {
    return this.phase === "closed";
  }

  /**
   * A slot, when one is free and nobody is in line for it.
   *
   * @throws BufferClosedError when no more work is taken
   */
  tryTake(): boolean {
    if (this.phase !== "open") throw new BufferClosedError();
    if (this.line.blocked || this.taken >= this.capacity) return false;
    this.taken++;
    return true;
  }

  /** A slot, in turn. Rejects with `signal.reason`, and with `BufferClosedError` when no more work is taken. */
  take(options: ReadyOptions): Promise<undefined> {
    return this.line.join(options);
  }

  /** The slot of a request that an inner service takes: it goes on as a call that runs. */
  handOver(): void {
    this.taken--;
    this.serve();
  }

  /** The slot of a request, or of a permit, that comes to nothing. */
  giveBack(): void {
    this.handOver();
    this.settle();
  }

  /** Takes no more work, also from those in line. Kept when all that was accepted has settled. */
  drain(): Promise<void> {
    this.drained ??= new Promise((resolve) => {
      this.allDone = resolve;
    });
    if (this.phase === "open") this.turnAway("draining");
    this.settle();
    return this.drained;
  }

  /** Takes no more work, also from those in line and from those with a permit in hand. */
  close(): void {
    this.turnAway("closed");
    this.settle();
  }

  private turnAway(phase: "draining" | "closed"): void {
    this.phase = phase;
    while (this.line.size > 0) this.line.refuse(new BufferClosedError());
  }

  private serve(): void {
    while (this.line.size > 0 && this.taken < this.capacity) {
      this.taken++;
      this.line.grant(undefined);
    }
  }

  /** Once closed, a permit in hand can only come to nothing: nobody waits for it. */
  private settle(): void {
    if (this.active === 0 && (this.taken === 0 || this.closed)) this.allDone?.();
  }
}
