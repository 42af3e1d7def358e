import type { CallOptions, Lease, Outcome, OverloadedError, RefusalOptions } from "@sluice/core";
import type { Entry } from "./entry.ts";

/** Where a lease is exchanged. */
export interface Places<in Req, in out Key, out Err> {
  /** What a request is limited by. */
  keyFor(request: Req): Key | undefined;
  /** The gate of a key. */
  entryFor(key: Key): Entry<Key, any, Err>;
  /** The error of a refusal. */
  refusal(options: RefusalOptions): OverloadedError;
}

/** What holds nothing. */
export const nothing: Lease = { cancel() {}, finish() {} };

/** A lease of a key's gate, or, where it is blind or the request is not limited, of none. */
export class KeyedLease<Req, Key, Err> implements Lease<Req> {
  private readonly places: Places<Req, Key, Err>;
  private readonly request: Req | undefined;
  /** Whose it is; undefined where nothing is held. */
  private entry: Entry<Key, Req, Err> | undefined;
  private lease: Lease;

  constructor(
    places: Places<Req, Key, Err>,
    request: Req | undefined,
    entry: Entry<Key, Req, Err> | undefined,
    lease: Lease,
  ) {
    this.places = places;
    this.request = request;
    this.entry = entry;
    this.lease = lease;
  }

  /** As long as the gate of the key says. What holds nothing needs to hear of nothing. */
  get holds(): Lease["holds"] {
    return this.entry === undefined ? "start" : (this.lease.holds ?? this.entry.gate.holds);
  }

  start(request: Req, options: CallOptions): void {
    // The same request has the same key.
    if (this.entry === undefined || request !== this.request) this.exchange(request);
    this.lease.start?.(request, options);
  }

  cancel(): void {
    this.lease.cancel();
  }

  answered(outcome: Outcome): void {
    this.lease.answered?.(outcome);
  }

  finish(outcome: Outcome): void {
    this.lease.finish(outcome);
  }

  /** Releases what is held, and tries the gate of another key, once. */
  private exchange(request: Req): void {
    const key = this.places.keyFor(request);
    if (this.isFor(key)) return;
    const held = this.lease;
    this.lease = nothing;
    this.entry = undefined;
    held.cancel();
    if (key === undefined) return;
    const entry = this.places.entryFor(key);
    const { gate } = entry;
    const lease = gate.tryAcquire(request);
    if (lease === undefined) {
      throw this.places.refusal({ reason: gate.reason, retryAfter: gate.retryAfter?.(request) });
    }
    this.entry = entry;
    this.lease = lease;
    // Where this throws, the lease that was just granted is cancelled.
    this.lease = gate.admitted?.(lease, request) ?? lease;
  }

  /** Whether what is held is of the gate by which `key` is limited. */
  private isFor(key: Key | undefined): boolean {
    const { entry } = this;
    if (entry === undefined || key === undefined) return false;
    // The gate that keys share has no key of its own. It is in use, so that asking for the gate of a key makes none.
    return entry.key === undefined ? this.places.entryFor(key) === entry : Object.is(entry.key, key);
  }
}
