import type { ReadyOptions } from "../contract/service.ts";
import { type AbortListener, listen, unlisten } from "./abort.ts";
import { LinkedList, LinkedNode } from "./linked-list.ts";
import { withResolvers } from "./with-resolvers.ts";

/** Somebody in line. */
class Waiter<Grant, Req> extends LinkedNode<Waiter<Grant, Req>> implements AbortListener {
  /** What the waiter asked for. */
  readonly options: ReadyOptions<Req>;
  readonly resolve: (grant: Grant) => void;
  readonly reject: (reason: unknown) => void;
  private readonly line: Line<Grant, Req>;

  constructor(
    line: Line<Grant, Req>,
    options: ReadyOptions<Req>,
    resolve: (grant: Grant) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.line = line;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  aborted(reason: unknown): void {
    this.line.leave(this, reason);
  }
}

const settled: Promise<void> = Promise.resolve();

/*
 * Who joined last, and with which signal. Whoever then waits for this very promise need not listen to this very signal: that
 * would cost as much again as to stand in line does (`pnpm bench line`).
 */
let joined: Promise<unknown> | undefined;
let followed: AbortSignal | undefined;

/** Whether `promise` rejects as soon as `signal` aborts, since a line gave it just now. Says so once. */
export function follows(promise: Promise<unknown>, signal: AbortSignal): boolean {
  const does = joined === promise && followed === signal;
  joined = followed = undefined;
  return does;
}

/**
 * First come, first served. Joining, and leaving from anywhere, take the same few steps however long the line is.
 *
 * Whoever was granted learns of it a microtask later and only then joins the next line further in. Until then the line
 * is {@link blocked}, so that nobody who came later slips past.
 */
export class Line<Grant, Req = unknown> {
  private readonly waiters: LinkedList<Waiter<Grant, Req>> = new LinkedList();
  private readonly serve: () => void;
  private moving = 0;

  /** @param serve called when those granted have moved on, and when somebody gave up: grant whom you can */
  constructor(serve: () => void) {
    this.serve = serve;
  }

  /** How many wait. */
  get size(): number {
    return this.waiters.size;
  }

  /** What the first in line asked for; undefined when nobody waits. */
  get first(): ReadyOptions<Req> | undefined {
    return this.waiters.first?.options;
  }

  /** Whether a newcomer must not be served before others: somebody waits here, or was granted and has not moved on yet. */
  get blocked(): boolean {
    return this.moving > 0 || this.waiters.size > 0;
  }

  /** Stands at the end of the line. The promise rejects with `signal.reason` as soon as the signal aborts. */
  join(options: ReadyOptions<Req>): Promise<Grant> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = withResolvers<Grant>();
    const waiter = new Waiter<Grant, Req>(this, options, resolve, reject);
    if (signal !== undefined) {
      // First, for it throws where the signal is none.
      listen(signal, waiter);
      joined = promise;
      followed = signal;
    }
    this.waiters.push(waiter);
    return promise;
  }

  /** Serves the first in line. There must be one. */
  grant(grant: Grant): void {
    this.shift().resolve(grant);
    this.moving++;
    // Queued behind the waiter's own reaction, which by then has joined the next line.
    void settled.then(this.moved);
  }

  /** Refuses the first in line. There must be one. */
  refuse(reason: unknown): void {
    this.shift().reject(reason);
  }

  /** The caller gave up: it is told so only while it stands here. */
  leave(waiter: Waiter<Grant, Req>, reason: unknown): void {
    this.waiters.remove(waiter);
    waiter.reject(reason);
    this.serve();
  }

  private shift(): Waiter<Grant, Req> {
    const waiter = this.waiters.first;
    if (waiter === undefined) throw new RangeError("Nobody is in this line.");
    this.waiters.remove(waiter);
    const { signal } = waiter.options;
    if (signal !== undefined) unlisten(signal, waiter);
    return waiter;
  }

  private readonly moved = (): void => {
    this.moving--;
    if (this.moving === 0 && this.waiters.size > 0) this.serve();
  };
}
