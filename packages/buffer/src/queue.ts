import type { CallOptions, Clock } from "@sluice/core";
import {
  type AbortListener,
  LinkedList,
  LinkedNode,
  listen,
  type Reservation,
  type Stack,
  unlisten,
} from "@sluice/core/internal";
import { BufferClosedError } from "./buffer-closed-error.ts";
import type { Slots } from "./slots.ts";

/** A request that waits for the inner service. It holds a slot. */
class Entry extends LinkedNode<Entry> implements AbortListener {
  readonly request: unknown;
  readonly options: CallOptions;
  readonly signal: AbortSignal | undefined;
  /** Since when, in the clock's milliseconds. */
  readonly since: number;
  readonly answer: Promise<unknown>;
  resolve!: (answer: unknown) => void;
  reject!: (reason: unknown) => void;
  /** Tells it that it is the first in line now. */
  proceed: (() => void) | undefined;
  private readonly queue: Queue;

  constructor(queue: Queue, request: unknown, options: CallOptions, signal: AbortSignal | undefined, since: number) {
    super();
    this.queue = queue;
    this.request = request;
    this.options = options;
    this.signal = signal;
    this.since = since;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  aborted(reason: unknown): void {
    this.queue.fail(this, reason);
  }
}

/** The requests that wait for one inner service. Only the first asks it for readiness, so that nobody overtakes. */
export class Queue {
  private readonly inner: Stack;
  private readonly slots: Slots;
  /** The queues of this buffer in which somebody waits. */
  private readonly busy: Set<Queue>;
  private readonly clock: Clock;
  private readonly entries: LinkedList<Entry> = new LinkedList();
  /**
   * Takes back what the first in line has asked for, when it is aborted and when the buffer is closed. One serves many
   * entries, since only the first in line asks; it is replaced when it was used.
   */
  private withdrawal: AbortController = new AbortController();

  constructor(inner: Stack, slots: Slots, busy: Set<Queue>, clock: Clock) {
    this.inner = inner;
    this.slots = slots;
    this.busy = busy;
    this.clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.entries.size;
  }

  /** Since when the first in line has waited; undefined when nobody does. */
  get since(): number | undefined {
    return this.entries.first?.since;
  }

  /** Calls the inner service, at once or in turn. The caller brings a slot. */
  start(request: unknown, options: CallOptions, edge: boolean): Promise<unknown> {
    let reservation: Reservation | undefined;
    try {
      this.requireWanted(options);
      if (this.entries.size === 0) reservation = this.inner.tryReserve(request);
      if (reservation === undefined) return this.join(request, options);
    } catch (reason) {
      this.slots.giveBack();
      return Promise.reject(reason);
    }
    this.slots.handOver();
    return reservation.start(request, options, edge);
  }

  /** An entry comes to nothing; does nothing when it waits no more. */
  fail(entry: Entry, reason: unknown): void {
    const asks = entry === this.entries.first;
    if (!this.leave(entry)) return;
    if (asks) {
      this.withdrawal.abort(reason);
      this.withdrawal = new AbortController();
    }
    entry.reject(reason);
    this.slots.giveBack();
  }

  /** All that wait come to nothing. */
  close(): void {
    for (let { first } = this.entries; first !== undefined; { first } = this.entries) {
      this.fail(first, new BufferClosedError());
    }
  }

  /** @throws BufferClosedError | signal.reason when there is no use in asking the inner service */
  private requireWanted({ signal }: CallOptions): void {
    if (this.slots.closed) throw new BufferClosedError();
    signal?.throwIfAborted();
  }

  /** Throws only as long as nothing is done. */
  private join(request: unknown, options: CallOptions): Promise<unknown> {
    // The inner service was asked, and may have called functions of anybody's: a key, a mapping.
    this.requireWanted(options);
    const { signal, deadline } = options;
    const entry = new Entry(this, request, options, signal, this.clock.now());
    const ask = (): void => {
      this.ask(entry, deadline);
    };
    this.entries.push(entry);
    if (signal !== undefined) listen(signal, entry);
    if (entry === this.entries.first) {
      this.busy.add(this);
      ask();
    } else {
      // Its turn comes in somebody else's turn. What is attached here runs in the async context of its own caller.
      void new Promise<void>((resolve) => {
        entry.proceed = resolve;
      }).then(ask);
    }
    return entry.answer;
  }

  /** The first in line asks. Whoever has left since is not served: what was granted is given back. */
  private ask(entry: Entry, deadline: number | undefined): void {
    if (entry.list === undefined) return;
    const { request, options } = entry;
    this.inner.reserve(
      { request, signal: this.withdrawal.signal, deadline },
      (reservation) => {
        if (!this.leave(entry)) {
          reservation.cancel();
          return;
        }
        this.slots.handOver();
        reservation.start(request, options, false).then(entry.resolve, entry.reject);
      },
      (reason) => {
        if (!this.leave(entry)) return;
        entry.reject(reason);
        this.slots.giveBack();
      },
    );
  }

  /** Takes an entry out, and lets the next one ask; false when it has left already. */
  private leave(entry: Entry): boolean {
    if (!this.entries.remove(entry)) return false;
    if (entry.signal !== undefined) unlisten(entry.signal, entry);
    const { first } = this.entries;
    if (first === undefined) this.busy.delete(this);
    else first.proceed?.();
    return true;
  }
}
