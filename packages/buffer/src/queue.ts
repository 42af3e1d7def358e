import type { CallOptions } from "@sluice/core";
import type { Stack } from "@sluice/core/internal";
import { type AbortListener, LinkedList, LinkedNode, listen, timeOf, unlisten } from "@sluice/core/kit";
import { BufferClosedError } from "./buffer-closed-error.ts";
import type { Slots } from "./buffer-layer.ts";

/** A request that waits for the inner service. It holds a slot. */
class Entry extends LinkedNode<Entry> implements AbortListener {
  /** Since when, in the clock's milliseconds. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  /** The request comes to nothing. Does nothing when it waits no more. */
  readonly aborted: (reason: unknown) => void;
  /** Tells it that it is the first in line now. */
  proceed: (() => void) | undefined;

  constructor(since: number, signal: AbortSignal | undefined, aborted: (reason: unknown) => void) {
    super();
    this.since = since;
    this.signal = signal;
    this.aborted = aborted;
  }
}

/** The requests that wait for one inner service. Only the first asks it for readiness, so that nobody overtakes. */
export class Queue {
  private readonly inner: Stack;
  private readonly slots: Slots;
  readonly entries: LinkedList<Entry> = new LinkedList();
  /**
   * Takes back what the first in line has asked for, when it is aborted and when the buffer is closed. One serves many
   * entries, since only the first in line asks; it is replaced when it was used.
   */
  private withdrawal: AbortController = new AbortController();

  constructor(inner: Stack, slots: Slots) {
    this.inner = inner;
    this.slots = slots;
  }

  /** Calls the inner service, at once or in turn. The caller brings a slot, and watches the answer. */
  call(request: unknown, options: CallOptions): Promise<unknown> {
    try {
      this.requireWanted(options);
      const reservation = this.entries.size > 0 ? undefined : this.inner.tryReserve(request);
      if (reservation !== undefined) {
        this.slots.free();
        return reservation.start(request, options, false);
      }
      // Asking may have called functions of anybody's: a key, a mapping.
      this.requireWanted(options);
    } catch (reason) {
      this.slots.free();
      return Promise.reject(reason);
    }
    return this.join(request, options);
  }

  /** All that wait come to nothing. */
  close(): void {
    for (let { first } = this.entries; first !== undefined; { first } = this.entries) {
      first.aborted(new BufferClosedError());
    }
  }

  /** @throws BufferClosedError | signal.reason when there is no use in asking the inner service */
  private requireWanted({ signal }: CallOptions): void {
    if (this.slots.closed) throw new BufferClosedError();
    signal?.throwIfAborted();
  }

  private join(request: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal, deadline } = options;
      const entry: Entry = new Entry(timeOf(this.slots.clock), signal, (reason) => {
        const asks = entry === this.entries.first;
        this.leave(entry);
        if (asks) {
          this.withdrawal.abort(reason);
          this.withdrawal = new AbortController();
        }
        reject(reason);
      });
      const ask = (): void => {
        if (entry.list === undefined) return;
        this.inner.reserve(
          { request, signal: this.withdrawal.signal, deadline },
          (reservation) => {
            // Whoever has left in the meantime is not served.
            if (this.leave(entry)) reservation.start(request, options, false).then(resolve, reject);
            else reservation.cancel();
          },
          entry.aborted,
        );
      };
      this.entries.push(entry);
      this.slots.queues.add(this);
      if (signal !== undefined) listen(signal, entry);
      if (entry === this.entries.first) ask();
      else {
        // Its turn comes in somebody else's turn. What is attached here runs in the async context of its own caller.
        void new Promise<void>((proceed) => {
          entry.proceed = proceed;
        }).then(ask);
      }
    });
  }

  /** Takes an entry out, frees its slot, and lets the next one ask; false when it has left already. */
  private leave(entry: Entry): boolean {
    if (!this.entries.remove(entry)) return false;
    if (entry.signal !== undefined) unlisten(entry.signal, entry);
    if (this.entries.first === undefined) this.slots.queues.delete(this);
    else this.entries.first.proceed?.();
    this.slots.free();
    return true;
  }
}
