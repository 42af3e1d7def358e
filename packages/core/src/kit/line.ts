import { abortReason } from "../contract/abort-reason.ts";
import type { ReadyOptions } from "../contract/service.ts";
import type { WaitingLine } from "../contract/waiting-line.ts";
import { type AbortListener, listen, unlisten } from "./abort.ts";
import { LinkedList, LinkedNode } from "./linked-list.ts";
import { withResolvers } from "./with-resolvers.ts";

/** A caller in a line. */
export interface Waiter<out Req = unknown> {
  /** What the caller asked for. */
  readonly options: ReadyOptions<Req>;
}

class LineWaiter<Grant, Req> extends LinkedNode<LineWaiter<Grant, Req>> implements Waiter<Req>, AbortListener {
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
 * Promise and signal of the latest `join`. `wait` skips its own abort listener for that pair: the line rejects on abort already,
 * and a second listener doubles the cost of queueing (`pnpm bench line`).
 */
let joined: Promise<unknown> | undefined;
let followed: AbortSignal | undefined;

/** Whether `promise` rejects as soon as `signal` aborts, because a line returned it just now. True once. */
export function follows(promise: Promise<unknown>, signal: AbortSignal): boolean {
  const does = joined === promise && followed === signal;
  joined = followed = undefined;
  return does;
}

/**
 * A first come, first served line of callers. Joining, and leaving from anywhere, take constant time.
 *
 * A granted waiter resumes one microtask later, and only then joins the next line further inside. The line {@link blocks} newcomers
 * until then, so that none of them overtakes it. Lines that serve in another order are made of several of these, or of
 * {@link LinkedList} on the same rules.
 */
export class Line<Grant, Req = unknown> implements WaitingLine<Grant, Req> {
  private readonly waiters: LinkedList<LineWaiter<Grant, Req>> = new LinkedList();
  private readonly serve: () => void;
  private moving = 0;

  /** @param serve called when a newcomer may be served again, and when a waiter has left: grant whom you can */
  constructor(serve: () => void) {
    this.serve = serve;
  }

  /** How many wait. */
  get size(): number {
    return this.waiters.size;
  }

  /** The waiter who is served next; undefined in an empty line. */
  get first(): Waiter<Req> | undefined {
    return this.waiters.first;
  }

  /** The waiter who joined last; right after {@link join}, that one. Undefined in an empty line. */
  get last(): Waiter<Req> | undefined {
    return this.waiters.last;
  }

  /** Whether a newcomer must not be served: a caller waits here, or was granted and has not moved on yet. */
  blocks(): boolean {
    return this.moving > 0 || this.waiters.size > 0;
  }

  /** Stands at the end of the line. The promise rejects with `signal.reason` as soon as the signal aborts. */
  join(options: ReadyOptions<Req>): Promise<Grant> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const { promise, resolve, reject } = withResolvers<Grant>();
    const waiter = new LineWaiter<Grant, Req>(this, options, resolve, reject);
    if (signal !== undefined) {
      // First, for it throws where the signal is none.
      listen(signal, waiter);
      joined = promise;
      followed = signal;
    }
    this.waiters.push(waiter);
    return promise;
  }

  /**
   * Serves a waiter.
   *
   * @param waiter who is in this line; default the first
   * @throws RangeError when that one is not in this line
   */
  grant(grant: Grant, waiter: Waiter<Req> | undefined = this.first): void {
    this.take(waiter).resolve(grant);
    this.moving++;
    // Queued behind the waiter's own reaction, which by then has joined the next line.
    void settled.then(this.moved);
  }

  /**
   * Refuses a waiter: its promise rejects with `reason`.
   *
   * @param waiter who is in this line; default the first
   * @throws RangeError when that one is not in this line
   */
  refuse(reason: unknown, waiter: Waiter<Req> | undefined = this.first): void {
    this.take(waiter).reject(reason);
  }

  /** @internal the caller aborted; called only while the waiter stands here */
  leave(waiter: LineWaiter<Grant, Req>, reason: unknown): void {
    this.waiters.remove(waiter);
    waiter.reject(reason);
    this.serve();
  }

  private take(waiter: Waiter<Req> | undefined): LineWaiter<Grant, Req> {
    const found = waiter as LineWaiter<Grant, Req> | undefined;
    if (found === undefined || !this.waiters.remove(found)) throw new RangeError("That waiter is not in this line.");
    const { signal } = found.options;
    if (signal !== undefined) unlisten(signal, found);
    return found;
  }

  private readonly moved = (): void => {
    this.moving--;
    if (this.moving === 0 && this.waiters.size > 0) this.serve();
  };
}
