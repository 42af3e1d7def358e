import type { CallOptions, Clock } from "@sluice/core";
import { ask, type Stack } from "@sluice/core/internal";
import {
  type AbortListener,
  abortReason,
  abortWith,
  keepRequest,
  LinkedList,
  LinkedNode,
  listen,
  throwIfAborted,
  timeOf,
  unlisten,
} from "@sluice/core/kit";
import type { SlotQueue, Slots } from "./slots.ts";

/** A request that waits for the inner service. It holds a slot. */
class Entry extends LinkedNode<Entry> implements AbortListener {
  /** Since when, in the clock's milliseconds. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  /** Fails the request. Does nothing when it no longer waits. */
  readonly aborted: (reason: unknown) => void;
  /** Notifies it that it is the first in line now. */
  proceed: (() => void) | undefined;
  /** Lets its request end, where the runtime ends requests that seem to wait for nothing. */
  letGo: (() => void) | undefined;

  constructor(since: number, signal: AbortSignal | undefined, aborted: (reason: unknown) => void) {
    super();
    this.since = since;
    this.signal = signal;
    this.aborted = aborted;
  }
}

/** The requests that wait for one inner service. Only the first asks it for readiness, so that nobody overtakes it. */
export class Queue implements SlotQueue {
  private readonly inner: Stack;
  private readonly slots: Slots;
  private readonly clock: Clock;
  private readonly entries: LinkedList<Entry> = new LinkedList();
  /**
   * Takes back what the first in line has asked for, when it is aborted and when the buffer is closed. One serves many
   * entries, since only the first in line asks; it is replaced when it was used.
   */
  private withdrawal: AbortController = new AbortController();

  constructor(inner: Stack, slots: Slots, clock: Clock) {
    this.inner = inner;
    this.slots = slots;
    this.clock = clock;
  }

  get size(): number {
    return this.entries.size;
  }

  get since(): number {
    return this.entries.first!.since;
  }

  /** Calls the inner service, at once or in turn. The caller holds a slot. */
  call(request: unknown, options: CallOptions): Promise<unknown> {
    try {
      this.requireWanted(options);
      const reservation = this.entries.size > 0 ? undefined : this.inner.tryReserve(request);
      if (reservation !== undefined) {
        this.slots.free();
        return reservation.start(request, options, false);
      }
      // Asking may have called a function of the caller's: a key, a mapping.
      this.requireWanted(options);
    } catch (reason) {
      this.slots.free();
      return Promise.reject(reason);
    }
    return this.join(request, options);
  }

  /** Fails all that wait. */
  close(): void {
    for (let { first } = this.entries; first !== undefined; { first } = this.entries) {
      first.aborted(this.slots.closedError());
    }
  }

  /** @throws BufferClosedError | signal.reason when asking the inner service is of no use */
  private requireWanted({ signal }: CallOptions): void {
    if (this.slots.closed) throw this.slots.closedError();
    throwIfAborted(signal);
  }

  private join(request: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal, deadline } = options;
      const entry: Entry = new Entry(timeOf(this.clock), signal, (reason) => {
        const asks = entry === this.entries.first;
        this.leave(entry);
        if (asks) {
          abortWith(this.withdrawal, reason);
          this.withdrawal = new AbortController();
        }
        reject(reason);
      });
      const go = (): void => {
        if (entry.list === undefined) return;
        ask(
          this.inner,
          { request, signal: this.withdrawal.signal, deadline },
          (reservation) => {
            // An entry that has left in the meantime is not served, nor one whose abort another listener kept from us.
            if (this.leave(entry) && !signal?.aborted) reservation.start(request, options, false).then(resolve, reject);
            else {
              reservation.cancel();
              if (signal?.aborted) reject(abortReason(signal));
            }
          },
          entry.aborted,
        );
      };
      entry.letGo = keepRequest();
      this.entries.push(entry);
      this.slots.queues.add(this);
      if (signal !== undefined) listen(signal, entry);
      if (entry === this.entries.first) go();
      else {
        // `proceed` is called in the turn of another caller; `then` here restores the async context of this one.
        void new Promise<void>((proceed) => {
          entry.proceed = proceed;
        }).then(go);
      }
    });
  }

  /** Takes an entry out, frees its slot, and lets the next one ask; false when it has left already. */
  private leave(entry: Entry): boolean {
    if (!this.entries.remove(entry)) return false;
    entry.letGo?.();
    if (entry.signal !== undefined) unlisten(entry.signal, entry);
    if (this.entries.first === undefined) this.slots.queues.delete(this);
    else this.entries.first.proceed?.();
    this.slots.free();
    return true;
  }
}
