import { abortReason } from "../contract/abort-reason.ts";
import type { ReadyOptions } from "../contract/service.ts";
import type { WaitingLine } from "../contract/waiting-line.ts";
import { type AbortListener, listen, unlisten } from "./abort.ts";
import { LinkedList, LinkedNode } from "./linked-list.ts";
import { keepRequest } from "./request-timers.ts";
import { withResolvers } from "./with-resolvers.ts";

/** A caller in a line. */
export interface Waiter<out Req = unknown> {
  /** What the caller asked for. */
  readonly options: ReadyOptions<Req>;
}

/** What stands in a line. It is told of its turn once. */
export abstract class Standing<Grant, out Req = any> extends LinkedNode<Standing<Grant, Req>> implements AbortListener {
  /** Where it stands, or stood last. */
  line: Line<Grant, any> | undefined = undefined;
  /** Lets its request end, where the runtime ends requests that seem to wait for nothing. */
  letGo: (() => void) | undefined = undefined;

  abstract readonly options: ReadyOptions<Req>;
  /** Its turn has come. Whoever is granted something calls `moved` of the line when it stands in the next one, or its call has started. */
  abstract grant(grant: Grant): void;
  /** It is refused, or has left. */
  abstract refuse(reason: unknown): void;

  aborted(reason: unknown): void {
    this.line!.leave(this, reason);
  }
}

/** A caller that waits for a promise. */
class LineWaiter<Grant, Req> extends Standing<Grant, Req> {
  override readonly options: ReadyOptions<Req>;
  private readonly resolve: (grant: Grant) => void;
  private readonly reject: (reason: unknown) => void;

  constructor(options: ReadyOptions<Req>, resolve: (grant: Grant) => void, reject: (reason: unknown) => void) {
    super();
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  override grant(grant: Grant): void {
    this.resolve(grant);
    // Queued behind the waiter's own reaction, which by then has joined the next line.
    void settled.then(this.line!.moved);
  }

  override refuse(reason: unknown): void {
    this.reject(reason);
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
  private readonly waiters: LinkedList<Standing<Grant, Req>> = new LinkedList();
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

  /** The waiter that is served next; undefined in an empty line. */
  get first(): Waiter<Req> | undefined {
    return this.waiters.first;
  }

  /** The waiter that joined last; right after {@link join}, that one. Undefined in an empty line. */
  get last(): Waiter<Req> | undefined {
    return this.waiters.last;
  }

  /** Those who wait, in order. While they are gone through, only the one at hand may be granted or refused. */
  *[Symbol.iterator](): IterableIterator<Waiter<Req>> {
    let waiter = this.waiters.first;
    while (waiter !== undefined) {
      // Read first: who leaves forgets its place.
      const { next } = waiter;
      yield waiter;
      waiter = next;
    }
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
    this.stand(new LineWaiter<Grant, Req>(options, resolve, reject));
    if (signal !== undefined) {
      joined = promise;
      followed = signal;
    }
    return promise;
  }

  /** @internal as {@link join}, for a waiter that brings no promise */
  stand(waiter: Standing<Grant, Req>): void {
    const { signal } = waiter.options;
    // First, for it throws where the signal is none.
    if (signal !== undefined) listen(signal, waiter);
    waiter.line = this;
    waiter.letGo = keepRequest();
    this.waiters.push(waiter);
  }

  /**
   * Serves a waiter.
   *
   * @param waiter that is in this line; default the first
   * @throws RangeError when that one is not in this line
   */
  grant(grant: Grant, waiter: Waiter<Req> | undefined = this.first): void {
    const next = this.take(waiter);
    this.moving++;
    next.grant(grant);
  }

  /**
   * Refuses a waiter: its promise rejects with `reason`.
   *
   * @param waiter that is in this line; default the first
   * @throws RangeError when that one is not in this line
   */
  refuse(reason: unknown, waiter: Waiter<Req> | undefined = this.first): void {
    this.take(waiter).refuse(reason);
  }

  /** @internal the caller aborted; called only while the waiter stands here */
  leave(waiter: Standing<Grant, Req>, reason: unknown): void {
    this.waiters.remove(waiter);
    waiter.letGo?.();
    waiter.refuse(reason);
    this.serve();
  }

  private take(waiter: Waiter<Req> | undefined): Standing<Grant, Req> {
    const found = waiter as Standing<Grant, Req> | undefined;
    if (found === undefined || !this.waiters.remove(found)) throw new RangeError("That waiter is not in this line.");
    const { signal } = found.options;
    if (signal !== undefined) unlisten(signal, found);
    found.letGo?.();
    return found;
  }

  /** @internal a waiter that was granted has moved on */
  readonly moved = (): void => {
    this.moving--;
    if (this.moving === 0 && this.waiters.size > 0) this.serve();
  };
}
