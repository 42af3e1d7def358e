import {
  type Gate,
  type Lease,
  OverloadedError,
  type ReadyOptions,
  type RefusalOptions,
  type RefusalReason,
} from "@sluice/core";
import { readOptions, requireFunction, requireLabel, requireNumber, requireOneOf } from "@sluice/core/kit";
import { requireGate, requireKey } from "./answers.ts";
import { Entry } from "./entry.ts";
import { GatesByKey } from "./gates-by-key.ts";
import { KeyedLease, nothing, type Places } from "./keyed-lease.ts";

interface CommonOptions<Req, Key> {
  /**
   * What a request is limited by: `(request) => request.tenant`. Undefined: it is not limited. Keys are told apart as in a `Map`: objects
   * by identity. It answers the same for the same request, and may be asked several times; what it throws is a failure of readiness.
   */
  readonly key: (request: Req) => Key | undefined;
  /** How many gates there are at most: a whole number from 1 to 2^53-1. Default 10,000. */
  readonly maxKeys?: number | undefined;
  /** Tells this layer apart from others of its kind. It is on its refusals. Default: none. */
  readonly label?: string | undefined;
}

/** Options of {@link Keyed}. */
export type KeyedGateOptions<Req, Key, Err = never, G = Gate<Req, Err>> = CommonOptions<Req, Key> &
  (
    | {
        /**
         * Makes the gate of a key: `(tenant) => new Semaphore(4)`. It must have `idle`, which says when it may be forgotten. Called when a
         * key is used that has no gate; what it throws is a failure of readiness.
         */
        readonly gate: (key: Key) => G & Gate<NoInfer<Req>, Err>;
        /** What becomes of a key that there is no place for: it is refused. */
        readonly whenFull?: "refuse" | undefined;
      }
    | {
        /** As above; with undefined it makes the one gate of all keys that there is no place for. */
        readonly gate: (key: Key | undefined) => G & Gate<NoInfer<Req>, Err>;
        /** What becomes of keys that there is no place for: all of them have one gate together. */
        readonly whenFull: "share";
      }
  );

const name = "keyed";

/**
 * The gate behind {@link keyed}: one gate for each key. For `gate()`, under a name of its own.
 *
 * @example
 * const perHost = new Keyed({ key: (request: Request) => new URL(request.url).host, gate: () => new Semaphore(6) });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class Keyed<in Req, in out Key, out Err = never, out G = Gate<Req, Err>>
  implements Gate<Req, Err | OverloadedError>, Places<Req, Key, Err>
{
  /** Carries the failures in the types; never there at run time. */
  declare readonly "~failure"?: (() => Err | OverloadedError) | undefined;
  /** What tells this layer apart from others. */
  readonly label: string | undefined;
  /** How many gates there are at most. */
  readonly maxKeys: number;
  private readonly keyOf: (request: Req) => Key | undefined;
  private readonly gates: GatesByKey<Key, Req, Err>;
  private readonly makeShared: (() => Gate<Req, Err>) | undefined;
  /** That of all keys that there was no place for. */
  private shared: Entry<Key, Req, Err> | undefined = undefined;
  private refusals = 0;
  /** Whom `tryAcquire` asked last: `reason`, `retryAfter` and `admitted` come right after it. */
  private asked: Entry<Key, Req, Err> | undefined = undefined;
  /** The lease that it granted. */
  private granted: Lease | undefined = undefined;

  /** @param owner what errors call it */
  constructor(options: KeyedGateOptions<Req, Key, Err, G>, owner = "Keyed") {
    const read = readOptions(owner, options, ["key", "gate", "maxKeys", "whenFull", "label"]);
    const { key, gate, maxKeys = 10_000, whenFull = "refuse" } = read;
    requireFunction(owner, "key", key);
    requireFunction(owner, "gate", gate);
    this.maxKeys = requireNumber(owner, "maxKeys", maxKeys, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    requireOneOf(owner, "whenFull", whenFull, ["refuse", "share"]);
    this.label = requireLabel(owner, read.label);
    const make = (of: Key | undefined): Gate<Req, Err> =>
      requireGate(name, (gate as (of: Key | undefined) => Gate<Req, Err>)(of));
    this.keyOf = key as (request: Req) => Key | undefined;
    this.gates = new GatesByKey<Key, Req, Err>(this.maxKeys, make);
    this.makeShared = whenFull === "share" ? () => make(undefined) : undefined;
  }

  /** How many keys have a gate. */
  get size(): number {
    return this.gates.size;
  }

  /** How many gates were forgotten, from the beginning. */
  get evicted(): number {
    return this.gates.evicted;
  }

  /** How many were refused because there was no place for their key, from the beginning. */
  get refused(): number {
    return this.refusals;
  }

  /** Why the gate that was asked last refuses. */
  get reason(): RefusalReason | undefined {
    return this.asked?.gate.reason;
  }

  /** The gate of a key; undefined where it has none. Does not count as a use, and makes none. */
  get(key: Key): (G & Gate<Req, Err>) | undefined {
    // All of them were made by the option `gate`.
    return this.gates.peek(key) as (G & Gate<Req, Err>) | undefined;
  }

  /** The counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, size, evicted, refused } = this;
    return { label, size, evicted, refused };
  }

  /** In how many milliseconds a caller whom `tryAcquire` has just refused may try again, where the gate of its key knows. */
  retryAfter(request?: Req): number | undefined {
    return this.asked?.gate.retryAfter?.(request);
  }

  /**
   * A lease of the key's gate. Without a request, or a key, it holds nothing. Throws `OverloadedError` where there is no place for the key.
   */
  tryAcquire(request?: Req): Lease | undefined {
    const entry = request === undefined ? undefined : this.entryOf(request);
    const granted = entry === undefined ? nothing : entry.gate.tryAcquire(request);
    // Only now: a gate may ask the user's function, and that may use this one.
    this.asked = entry;
    this.granted = granted;
    return granted;
  }

  /** A lease of the key's gate, in turn there. */
  acquire(options: ReadyOptions<Req> = {}): Promise<Lease> {
    const { request } = options;
    try {
      const entry = request === undefined ? undefined : this.entryOf(request);
      return entry === undefined ? Promise.resolve(nothing) : entry.gate.acquire(options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A lease that knows which key it is for, and is exchanged where it is spent on another. */
  admitted(lease: Lease, request?: Req): Lease<Req> {
    const entry = lease === this.granted ? this.asked : request === undefined ? undefined : this.entryOf(request);
    this.granted = undefined;
    return new KeyedLease(this, request, entry, entry?.gate.admitted?.(lease, request) ?? lease);
  }

  /** @internal what a request is limited by */
  keyFor(request: Req): Key | undefined {
    return requireKey(name, this.keyOf(request));
  }

  /** @internal the gate of a key, now; throws where there is no place for it */
  entryFor(key: Key): Entry<Key, Req, Err> {
    const entry = this.gates.use(key) ?? this.sharedInUse() ?? this.gates.enter(key) ?? this.sharedByAll();
    if (entry !== undefined) return entry;
    this.refusals++;
    throw this.refusal({});
  }

  /** @internal the error of a refusal */
  refusal({ reason, retryAfter }: RefusalOptions): OverloadedError {
    return new OverloadedError(name, { label: this.label, reason, retryAfter });
  }

  private entryOf(request: Req): Entry<Key, Req, Err> | undefined {
    const key = this.keyFor(request);
    return key === undefined ? undefined : this.entryFor(key);
  }

  /** Who has no gate stays with the shared one until that is idle, so that no key is limited by two gates, and overtakes itself. */
  private sharedInUse(): Entry<Key, Req, Err> | undefined {
    return this.shared?.gate.idle === false ? this.shared : undefined;
  }

  private sharedByAll(): Entry<Key, Req, Err> | undefined {
    if (this.makeShared !== undefined) this.shared ??= new Entry<Key, Req, Err>(undefined, this.makeShared());
    return this.shared;
  }
}
