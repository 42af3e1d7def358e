import type { Clock } from "@sluice/core";
import { processWide, report, SteadyTime } from "@sluice/core/kit";
import type { CacheEntry, CacheStore } from "./cache-store.ts";
import { sameKey } from "./key.ts";

/** For how long an answer may be used, in ms. The latter two begin when `ttl` is over. */
export interface Windows {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** A call whose answer may be kept. */
export interface Filling {
  readonly key: unknown;
  readonly start: number;
  /** Those who come from now on begin another. */
  readonly detach: () => void;
  /** Its key was deleted since it began: what it answers may be out of date. */
  outdated: boolean;
}

/** The number of the latest call, of all layers: two may have one store, and the numbers in it are compared. */
const starts = processWide("cache-starts", { latest: 0 });

/** What is kept, and for how long it is good. */
export class Entries {
  private readonly windows: Windows;
  private readonly store: CacheStore<CacheEntry>;
  /** An answer gets no younger when the clock is set back. */
  private readonly time: SteadyTime;
  private readonly cacheIf: ((response: any, request: any) => unknown) | undefined;
  private readonly fillings: Set<Filling> = new Set();

  constructor(
    windows: Windows,
    store: CacheStore<CacheEntry>,
    clock: Clock,
    cacheIf: ((response: any, request: any) => unknown) | undefined,
  ) {
    this.windows = windows;
    this.store = store;
    this.time = new SteadyTime(clock);
    this.cacheIf = cacheIf;
  }

  get(key: unknown): CacheEntry | undefined {
    try {
      return this.store.get(key);
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  isFresh({ at }: CacheEntry): boolean {
    return this.time.now() < at + this.windows.ttl;
  }

  mayRevalidate({ at }: CacheEntry): boolean {
    return this.time.now() < at + this.windows.ttl + this.windows.staleWhileRevalidate;
  }

  helpsOnError({ at }: CacheEntry): boolean {
    return this.time.now() < at + this.windows.ttl + this.windows.staleIfError;
  }

  age({ at }: CacheEntry): number {
    return this.time.now() - at;
  }

  /** A call begins. */
  begin(key: unknown, detach: () => void): Filling {
    const filling: Filling = { key, start: ++starts.latest, detach, outdated: false };
    this.fillings.add(filling);
    return filling;
  }

  /** It has failed. */
  failed(filling: Filling): void {
    this.fillings.delete(filling);
  }

  /** It has its answer. */
  answered(filling: Filling, value: unknown, request: unknown): void {
    this.fillings.delete(filling);
    const { key, start, outdated } = filling;
    try {
      if (this.cacheIf !== undefined && this.cacheIf(value, request) !== true) return;
      const known = this.store.get(key);
      if (outdated || (known !== undefined && known.start > start)) return;
      this.store.set(key, { value, at: this.time.now(), start });
    } catch (error) {
      report(error);
    }
  }

  /** Forgets an answer, and does not keep those of calls that have begun. Throws what the store throws. */
  delete(key: unknown): void {
    for (const filling of this.fillings) if (sameKey(filling.key, key)) outdate(filling);
    this.store.delete(key);
  }

  /** Forgets all, likewise. */
  clear(): void {
    for (const filling of this.fillings) outdate(filling);
    this.store.clear?.();
  }
}

function outdate(filling: Filling): void {
  filling.outdated = true;
  filling.detach();
}
