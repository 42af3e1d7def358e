import { CoalesceModel } from "./coalesce-model.ts";
import type { ModelJob } from "./model.ts";

/** How long an answer may be used, in ms. The latter two begin at the end of the first. */
export interface Windows {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

interface PlainEntry {
  /** The request of the answer. */
  readonly value: number;
  readonly at: number;
  readonly start: number;
}

interface PlainHit {
  readonly key: number;
  readonly entry: PlainEntry;
  readonly fresh: boolean;
  /** Whether it holds a slot of the gate for a refresh. */
  readonly refresh: boolean;
}

interface PlainFilling {
  readonly key: number;
  readonly start: number;
  outdated: boolean;
}

/** Single flight with a map of answers in front of it. */
export class CacheModel extends CoalesceModel {
  private readonly windows: Windows;
  private readonly keeps: (request: number) => boolean;
  private readonly entries: Map<number, PlainEntry> = new Map();
  private readonly fillings: Map<ModelJob, PlainFilling> = new Map();
  private readonly refreshing: Set<ModelJob> = new Set();
  /** Permits in hand that are answers. */
  private readonly hitsInHand: Map<number, PlainHit> = new Map();
  /** The reserved request of a caller, and the stale answer in case of a failure, from the reservation to the answer. */
  private readonly spares: Map<number, PlainEntry | undefined> = new Map();
  private readonly blind: Set<number> = new Set();
  private starts = 0;
  private hits = 0;
  private stale = 0;
  private misses = 0;
  private refreshes = 0;
  private failedRefreshes = 0;

  /** @param keeps whether the answer to a request is kept */
  constructor(
    max: number,
    keyOf: (request: number) => number | undefined,
    windows: Windows,
    keeps: (request: number) => boolean,
  ) {
    super(max, keyOf);
    this.windows = windows;
    this.keeps = keeps;
  }

  override counters(): readonly number[] {
    const { hits, stale, misses, refreshes, failedRefreshes } = this;
    return [...super.counters(), hits, stale, misses, refreshes, failedRefreshes];
  }

  /** The store drops an answer by itself. */
  forget(key: number): void {
    this.entries.delete(key);
  }

  delete(key: number): void {
    for (const filling of this.fillings.values()) {
      if (filling.key !== key) continue;
      filling.outdated = true;
      this.detach(key);
    }
    this.entries.delete(key);
  }

  protected override take(who: number, blind: boolean): boolean | string {
    if (blind) this.blind.add(who);
    return this.lookUp(who, blind ? undefined : who);
  }

  protected override leave(place: number): void {
    this.hitsInHand.delete(place);
    super.leave(place);
  }

  protected override begin(who: number, request: number): void {
    const key = this.keyOf(request);
    const hit = this.hitsInHand.get(who);
    this.hitsInHand.delete(who);
    if (hit === undefined) this.miss(who, request, !this.blind.has(who) && request === who);
    else if (hit.key === key) this.hit(who, request, hit);
    else {
      this.gate.leave(who);
      const taken = this.lookUp(who, request);
      if (taken !== true) this.states[who] = taken || "overloaded: concurrencyLimit";
      else {
        const other = this.hitsInHand.get(who);
        this.hitsInHand.delete(who);
        if (other === undefined) this.miss(who, request, true);
        else this.hit(who, request, other);
      }
    }
  }

  protected override end(who: number, outcome: string): void {
    const spare = this.spares.get(who);
    this.spares.delete(who);
    const helps = spare !== undefined && !outcome.startsWith("answered") && outcome !== "aborted";
    if (helps && this.isWithin(spare, this.windows.staleIfError)) this.answerWith(who, spare, false);
    else super.end(who, outcome);
  }

  protected override answered(job: ModelJob, how: string): void {
    const filling = this.fillings.get(job);
    this.fillings.delete(job);
    if (filling !== undefined && how === "answered" && this.keeps(job.request)) {
      const { key, start, outdated } = filling;
      const known = this.entries.get(key);
      if (!outdated && !(known !== undefined && known.start > start)) {
        this.entries.set(key, { value: job.request, at: this.now, start });
      }
    }
    super.answered(job, how);
    if (this.refreshing.has(job) && how !== "answered") this.failedRefreshes++;
  }

  protected override launch(who: number, key: number, riders: number[]): void {
    this.fillings.set(this.jobs.at(-1)!, { key, start: ++this.starts, outdated: false });
    super.launch(who, key, riders);
  }

  /** A stored answer, a reservation inside, or none. */
  private lookUp(who: number, request: number | undefined): boolean | string {
    const key = request === undefined ? undefined : this.keyOf(request);
    const entry = key === undefined ? undefined : this.entries.get(key);
    this.spares.delete(who);
    if (entry !== undefined && key !== undefined) {
      if (this.isWithin(entry, 0)) return this.hold(who, { key, entry, fresh: true, refresh: false });
      if (this.isWithin(entry, this.windows.staleWhileRevalidate)) {
        const refresh = !this.flights.has(key) && this.reserve(who, request) === true;
        return this.hold(who, { key, entry, fresh: false, refresh });
      }
    }
    const spare = entry !== undefined && this.isWithin(entry, this.windows.staleIfError) ? entry : undefined;
    const taken = this.reserve(who, request);
    if (taken === true) this.spares.set(who, spare);
    else if (spare !== undefined) return this.hold(who, { key: key!, entry: spare, fresh: false, refresh: false });
    return taken;
  }

  private hold(who: number, hit: PlainHit): boolean {
    this.hitsInHand.set(who, hit);
    return true;
  }

  private hit(who: number, request: number, { key, entry, fresh, refresh }: PlainHit): void {
    if (refresh && (this.flights.has(key) || this.entries.get(key)?.start !== entry.start)) this.gate.leave(who);
    else if (refresh) {
      this.refreshes++;
      this.startJob(who, request);
      this.refreshing.add(this.jobs.at(-1)!);
      // No caller waits for it, and none leaves.
      this.launch(who, key, []);
    }
    this.answerWith(who, entry, fresh);
  }

  private answerWith(who: number, { value }: PlainEntry, fresh: boolean): void {
    this.hits++;
    if (!fresh) this.stale++;
    this.states[who] = `answered by ${value}`;
  }

  /** @param same whether it is the reserved request */
  private miss(who: number, request: number, same: boolean): void {
    const key = this.keyOf(request);
    const known = key === undefined ? undefined : this.entries.get(key);
    if (key !== undefined && known !== undefined && this.isWithin(known, 0) && !this.flights.has(key)) {
      this.leave(who);
      this.answerWith(who, known, true);
      return;
    }
    if (key !== undefined) {
      this.misses++;
      if (!same) this.spares.set(who, known);
    } else this.spares.delete(who);
    this.start(who, request);
  }

  private isWithin({ at }: PlainEntry, window: number): boolean {
    return this.now < at + this.windows.ttl + window;
  }
}
