import type { AnyService } from "@sluice/core";
import { isOwnAbort, requireService, SteadyTime } from "@sluice/core/kit";
import { PeakEwma } from "@sluice/core/stats";
import type { Announce } from "./change.ts";
import { type Answered, Endpoint, type EndpointOwner } from "./endpoint.ts";
import { type EndpointOptions, layerName, readWeight, type Settings } from "./options.ts";
import { OutlierRecord } from "./outliers.ts";
import { Repeats } from "./repeats.ts";
import { verdictOf } from "./verdict.ts";

/** Is notified of changes in a set of endpoints. */
export interface SetWatcher {
  /** There may be room at an endpoint. */
  left(endpoint: Endpoint): void;
  /** It is new, or used again. */
  added(endpoint: Endpoint): void;
  deleted(endpoint: Endpoint): void;
}

/** The endpoints, and the ones among them that may be used. */
export class EndpointSet implements EndpointOwner {
  readonly watcher: SetWatcher;
  pending = 0;
  readonly failing: Set<Endpoint> = new Set();
  /** Counts the changes of {@link all}. */
  version = 0;
  /** The endpoints at which each request has been; undefined without `avoidRepeats`. */
  readonly repeats: Repeats | undefined;
  private readonly byKey = new Map<unknown, Endpoint>();
  private list: readonly Endpoint[] = [];
  /** Whether {@link list} has changed since {@link refresh}, which runs late because thousands of endpoints may be added in a row. */
  private stale = false;
  private inUse: readonly Endpoint[] = [];
  /** Cumulative weights of the endpoints in use; undefined where all weights are equal. */
  private sums: Float64Array | undefined = undefined;
  private weights = 0;
  private ejectedNow = 0;
  /** Whether all endpoints are used because too many are ejected. */
  private panics = false;
  /** When the next ejection ends. */
  private due = Number.POSITIVE_INFINITY;
  /** By this, ejections end in time also where the clock was set back. */
  private readonly time: SteadyTime;
  private readonly settings: Settings;
  private readonly announce: Announce;

  constructor(settings: Settings, watcher: SetWatcher, announce: Announce) {
    this.settings = settings;
    this.time = new SteadyTime(settings.clock);
    this.watcher = watcher;
    this.announce = announce;
    this.repeats = settings.avoidRepeats ? new Repeats() : undefined;
  }

  /** All endpoints, in the order in which they were added. */
  get all(): readonly Endpoint[] {
    return this.list;
  }

  /** The endpoints that may be used now. */
  get usable(): readonly Endpoint[] {
    this.readmit();
    return this.inUse;
  }

  /** The sum of the weights of {@link usable}. */
  get weight(): number {
    if (this.stale) this.refresh();
    return this.weights;
  }

  /** How many endpoints are ejected now. */
  get ejected(): number {
    this.readmit();
    return this.ejectedNow;
  }

  /** Whether so many are ejected that all endpoints are used. */
  get panicking(): boolean {
    this.readmit();
    return this.panics;
  }

  /** Whether an endpoint may be used: it was not deleted, and is not ejected. */
  mayUse(endpoint: Endpoint): boolean {
    this.readmit();
    return !endpoint.deleted && (!endpoint.ejected || this.panics);
  }

  /** `endpoint`, or the one that was added under its key with the same service: a new weight. Undefined where it was deleted. */
  current(endpoint: Endpoint): Endpoint | undefined {
    const found = this.byKey.get(endpoint.key);
    return found?.made === endpoint.made ? found : undefined;
  }

  /**
   * @param called the name of the service in errors
   * @throws TypeError | RangeError when `service` is not a service, or an option is not in its range
   */
  add(key: unknown, service: AnyService, options: EndpointOptions | undefined, called = "service"): void {
    requireService(layerName, called, service);
    const weight = readWeight(options);
    const { load, defaultRtt, decay, outliers, pick } = this.settings;
    pick?.check?.({ key, weight });
    const endpoint = new Endpoint(this, service, {
      key,
      weight,
      latency: load === "peak-ewma" ? new PeakEwma(decay, this.now(), defaultRtt) : undefined,
      outlier: outliers && new OutlierRecord(outliers),
    });
    this.delete(key);
    // Whoever was told of that has added another one since.
    if (this.byKey.has(key)) return;
    this.byKey.set(key, endpoint);
    this.changeTo([...this.list, endpoint]);
    this.watcher.added(endpoint);
    this.announce({ type: "added", endpoint });
  }

  delete(key: unknown): boolean {
    const endpoint = this.byKey.get(key);
    if (endpoint === undefined) return false;
    endpoint.deleted = true;
    this.failing.delete(endpoint);
    this.byKey.delete(key);
    this.changeTo(this.list.filter((other) => other !== endpoint));
    this.watcher.deleted(endpoint);
    this.announce({ type: "deleted", endpoint });
    return true;
  }

  /** The time, in the clock's milliseconds, which go on from where they were when the clock is set back. */
  now(): number {
    return this.time.now();
  }

  /** A random index into the endpoints in use, by their weights. There must be an endpoint. */
  place(): number {
    const { sums } = this;
    if (sums === undefined) return this.below(this.inUse.length);
    const wanted = this.random() * this.weights;
    let low = 0;
    for (let high = sums.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  began(endpoint: Endpoint, request: unknown): number {
    this.repeats?.note(request, endpoint);
    return endpoint.latency === undefined && endpoint.outlier === undefined ? 0 : this.now();
  }

  answered(endpoint: Endpoint, call: Answered): void {
    const { latency, outlier } = endpoint;
    if (latency === undefined && outlier === undefined) return;
    const now = this.now();
    const elapsed = Math.max(0, now - call.begun);
    const verdict = verdictOf(this.settings.classify, call, elapsed);
    if (latency !== undefined) {
      // A fast failure must not lower the latency. A caller that gave up has seen that the call takes at least this long.
      if (verdict === "success") latency.add(elapsed, now);
      else if (verdict === "failure" || isGivenUp(call)) latency.add(Math.max(elapsed, latency.at(now)), now);
    }
    if (outlier === undefined || endpoint.deleted || verdict === "ignore") return;
    if (outlier.fails(verdict === "failure", now) && this.mayEject) {
      outlier.eject(now);
      this.refresh();
      this.announce({ type: "ejected", endpoint });
    }
  }

  rttOf({ latency }: Endpoint): number | undefined {
    return latency?.at(this.now());
  }

  untilOf({ outlier }: Endpoint): number | undefined {
    const until = outlier?.ejectedUntil;
    return until === undefined ? undefined : until - this.time.ahead;
  }

  private get mayEject(): boolean {
    const { maxPercent } = this.settings.outliers!;
    return this.ejected < Math.max(1, Math.floor((this.list.length * maxPercent) / 100));
  }

  /** A number from 0 to below 1, whatever the user's function returns. */
  private random(): number {
    const random = this.settings.random();
    return random >= 0 && random < 1 ? random : 0;
  }

  private changeTo(list: readonly Endpoint[]): void {
    this.list = list;
    this.version++;
    this.stale = true;
  }

  /** Readmits endpoints whose ejection is over. Without an ejected endpoint it does not read the clock. */
  private readmit(): void {
    if (this.stale) this.refresh();
    if (this.due === Number.POSITIVE_INFINITY) return;
    const now = this.now();
    if (this.due > now) return;
    const readmitted = this.list.filter(({ outlier }) => outlier!.readmit(now));
    this.refresh();
    for (const endpoint of readmitted) this.watcher.added(endpoint);
    for (const endpoint of readmitted) this.announce({ type: "readmitted", endpoint });
    // The listener may have changed the set.
    if (this.stale) this.refresh();
  }

  private refresh(): void {
    this.stale = false;
    const good = this.list.filter((endpoint) => !endpoint.ejected);
    this.ejectedNow = this.list.length - good.length;
    const tooFew = good.length === 0 || good.length < this.list.length * this.settings.panic;
    this.inUse = tooFew ? this.list : good;
    const panicked = this.panics;
    this.panics = tooFew && this.ejectedNow > 0;
    this.due = Number.POSITIVE_INFINITY;
    for (const { outlier } of this.list) this.due = Math.min(this.due, outlier?.ejectedUntil ?? this.due);
    this.weigh();
    if (panicked || !this.panics) return;
    for (const endpoint of this.list) if (endpoint.ejected) this.watcher.added(endpoint);
  }

  private weigh(): void {
    const sums = new Float64Array(this.inUse.length);
    this.weights = 0;
    for (const [index, { weight }] of this.inUse.entries()) sums[index] = this.weights += weight;
    const same = this.inUse.every(({ weight }) => weight === this.inUse[0]!.weight);
    this.sums = same ? undefined : sums;
  }
}

function isGivenUp({ outcome, signal }: Answered): boolean {
  return outcome.status === "rejected" && isOwnAbort(signal, outcome.reason);
}
