import { type CallOptions, events, type HandlerOptions } from "@sluice/core";
import { ask, type Asker, type Behaviour, handUp, nothing, Reservation, type Stack } from "@sluice/core/internal";
import { isOwnAbort } from "@sluice/core/kit";
import type { CacheEntry } from "./cache-store.ts";
import type { Entries } from "./entries.ts";
import { exchange } from "./exchange.ts";
import type { FlightCounts, Flights } from "./flights.ts";
import { type KeyOf, sameKey } from "./key.ts";

/** What a cache counts, for all the services that it wraps. */
export interface CacheCounts extends FlightCounts {
  hits: number;
  stale: number;
  misses: number;
  refreshes: number;
  failedRefreshes: number;
}

/** Why an entry is the answer: it is fresh; it is revalidated at the side; or the service inside could not give another. */
type Use = "fresh" | "stale-while-revalidate" | "stale-if-error";

/** An answer that was there when the permit was reserved. */
interface Hit {
  readonly request: unknown;
  readonly key: unknown;
  readonly entry: CacheEntry;
  readonly use: Use;
}

/** What was reserved of the flights inside, and what is answered where that fails. */
interface Miss {
  readonly request: unknown;
  readonly key: unknown;
  readonly entry: CacheEntry | undefined;
}

/** Answers from what is kept, around single flight. */
export class Cached implements Stack {
  readonly tryReserve: Stack["tryReserve"];
  readonly reserve: Stack["reserve"];
  private readonly flights: Flights;
  private readonly keyOf: KeyOf;
  private readonly entries: Entries;
  private readonly counts: CacheCounts;
  private readonly hit: Behaviour<Hit>;
  private readonly miss: Behaviour<Miss>;

  constructor(flights: Flights, keyOf: KeyOf, entries: Entries, counts: CacheCounts) {
    this.flights = flights;
    this.keyOf = keyOf;
    this.entries = entries;
    this.counts = counts;
    this.hit = {
      start: (reservation, request, options, edge) => this.startHit(reservation, request, options, edge),
      cancel({ inner }) {
        inner.cancel();
      },
    };
    this.miss = {
      start: (reservation, request, options, edge) => this.startMiss(reservation, request, options, edge),
      cancel({ inner }) {
        inner.cancel();
      },
    };
    this.tryReserve = (request) => {
      const key = request === undefined ? undefined : this.keyOf(request);
      const entry = key === undefined ? undefined : this.entries.get(key);
      return this.answering(entry, request, key) ?? this.tryMiss(entry, request, key);
    };
    this.reserve = (asker) => {
      this.reserveFor(asker);
    };
  }

  /** A reservation that holds nothing inside, where an entry is the answer whatever the service inside says. */
  private answering(entry: CacheEntry | undefined, request: unknown, key: unknown): Reservation | undefined {
    if (entry === undefined) return undefined;
    if (this.entries.isFresh(entry)) return this.hitting(entry, request, key, "fresh");
    if (!this.entries.mayRevalidate(entry)) return undefined;
    return this.hitting(entry, request, key, "stale-while-revalidate", this.tryRefresh(request, key));
  }

  private hitting(entry: CacheEntry, request: unknown, key: unknown, use: Use, refresh = nothing): Reservation {
    const state: Hit = { request, key, entry, use };
    return new Reservation<any>(this.hit, state, refresh);
  }

  /** Room for a refresh, where there is some now and nobody's call is in flight. */
  private tryRefresh(request: unknown, key: unknown): Reservation {
    if (this.flights.has(key)) return nothing;
    try {
      return this.flights.tryReserve(request) ?? nothing;
    } catch {
      // The entry is the answer all the same.
      return nothing;
    }
  }

  private missing(inner: Reservation, request: unknown, key: unknown, entry: CacheEntry | undefined): Reservation {
    const state: Miss = { request, key, entry };
    return new Reservation<any>(this.miss, state, inner);
  }

  /** Asks inside, without waiting. Where there is no room, or no readiness, an entry that may be used on errors is the answer. */
  private tryMiss(entry: CacheEntry | undefined, request: unknown, key: unknown): Reservation | undefined {
    const spare = entry !== undefined && this.entries.helpsOnError(entry) ? entry : undefined;
    let inner: Reservation | undefined;
    try {
      inner = this.flights.tryReserve(request);
    } catch (error) {
      if (spare === undefined) throw error;
    }
    if (inner !== undefined) return this.missing(inner, request, key, spare);
    return spare && this.hitting(spare, request, key, "stale-if-error");
  }

  private reserveFor(asker: Asker): void {
    const { request } = asker;
    let key: unknown;
    let reservation: Reservation | undefined;
    try {
      key = request === undefined ? undefined : this.keyOf(request);
      const entry = key === undefined ? undefined : this.entries.get(key);
      reservation = this.answering(entry, request, key);
      // With an entry for errors nobody waits: either there is room, or that is the answer.
      if (entry !== undefined && this.entries.helpsOnError(entry)) reservation ??= this.tryMiss(entry, request, key);
    } catch (error) {
      asker.failed(error);
      return;
    }
    if (reservation !== undefined) asker.granted(reservation);
    else {
      ask(
        this.flights,
        asker,
        (inner) => asker.granted(this.missing(inner, request, key, undefined)),
        (reason) => asker.failed(reason),
      );
    }
  }

  private startHit(
    { state: hit, inner }: Reservation<Hit>,
    request: unknown,
    options: HandlerOptions,
    edge: boolean,
  ): Promise<unknown> {
    if (!Object.is(hit.request, request) && !sameKey(this.keyOf(request), hit.key)) {
      inner.cancel();
      return exchange(this.counts, this, request, options, edge);
    }
    if (inner !== nothing) this.refresh(inner, hit, request, options);
    return this.answer(hit.entry, hit.use);
  }

  private answer(entry: CacheEntry, use: Use): Promise<unknown> {
    const { counts } = this;
    counts.hits++;
    if (use !== "fresh") counts.stale++;
    if (events.listening) {
      const { name: layer, label } = counts;
      events.emit({ type: "hit", layer, label, source: counts, use, age: this.entries.age(entry) });
    }
    return Promise.resolve(entry.value);
  }

  /** Calls inside at the side of a hit, unless somebody has done so since it was reserved. */
  private refresh(inner: Reservation, { key, entry }: Hit, request: unknown, options: CallOptions): void {
    const { counts } = this;
    if (this.flights.has(key) || this.entries.get(key)?.start !== entry.start) {
      inner.cancel();
      return;
    }
    counts.refreshes++;
    // Without the caller's signal: that is about the answer, which is out already.
    const work = inner.start(request, { ...options, signal: undefined }).then(
      () => {},
      () => {
        counts.failedRefreshes++;
      },
    );
    handUp(options, work);
  }

  private startMiss(
    { state, inner }: Reservation<Miss>,
    request: unknown,
    options: HandlerOptions,
    edge: boolean,
  ): Promise<unknown> {
    const same = state.request !== undefined && Object.is(state.request, request);
    const key = same ? state.key : this.keyOf(request);
    if (key === undefined) return inner.start(request, options, edge);
    const known = this.entries.get(key);
    // Somebody's call may have been answered since the permit was reserved; a seat in its flight has that answer, too.
    if (known !== undefined && this.entries.isFresh(known) && !this.flights.has(key)) {
      inner.cancel();
      return this.answer(known, "fresh");
    }
    const { counts } = this;
    counts.misses++;
    if (events.listening) events.emit({ type: "miss", layer: counts.name, label: counts.label, source: counts });
    const spare = same ? state.entry : known;
    if (spare === undefined) return inner.start(request, options, edge);
    return inner.start(request, options).catch((reason: unknown) => {
      if (isOwnAbort(options.signal, reason) || !this.entries.helpsOnError(spare)) throw reason;
      return this.answer(spare, "stale-if-error");
    });
  }
}
