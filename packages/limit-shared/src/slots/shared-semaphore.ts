import { type Gate, type Lease, type OverloadedError, type ReadyOptions, Semaphore } from "@sluice/core";
import { abortReason, Line, requireNumber } from "@sluice/core/kit";
import { Notices } from "../link/notices.ts";
import { Soon } from "../link/soon.ts";
import { StoreLink, type StoreState } from "../link/store-link.ts";
import { Warming } from "../link/warming.ts";
import type { StoreDownError } from "../store-down-error.ts";
import type { ShareAnswer, ShareAsk } from "../store/store.ts";
import { RecentPeak } from "./recent-peak.ts";
import { SlotAlarms } from "./slot-alarms.ts";
import { type SlotHolder, SlotLease } from "./slot-lease.ts";
import { SlotShare } from "./slot-share.ts";
import {
  readSlotTerms,
  type SharedConcurrencyLimitOptions,
  type SharedSemaphoreOptions,
  type SlotTerms,
} from "./slot-terms.ts";

/** What errors and events call the layer. */
export const slotLayerName = "sharedConcurrencyLimit";

/**
 * The gate behind {@link sharedConcurrencyLimit}, for a layer of another name, and for a gate made of gates.
 *
 * It is a semaphore whose `max` follows what the store grants under a lease. The store never takes a slot away: the member lowers its own `max`
 * first, and only then says so.
 *
 * @example
 * const slots = new SharedSemaphore({ store, key: "reports", max: 20 });
 * const service = new ServiceBuilder().layer(gate(slots, { name: "reports" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SharedSemaphore implements Gate<unknown, OverloadedError | StoreDownError>, SlotHolder {
  /** Carries the failures in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError | StoreDownError) | undefined;
  /** @internal the options, checked */
  readonly terms: SlotTerms;
  /** Calls that were running, and permits that were held, when their lease ended: others may have their slots. */
  lost = 0;
  private readonly semaphore: Semaphore;
  private readonly line: Line<Lease>;
  private readonly slots: SlotShare;
  private readonly link: StoreLink<ShareAsk, ShareAnswer>;
  private readonly peak: RecentPeak;
  private readonly warming: Warming = new Warming();
  private readonly notices: Notices;
  private readonly alarms: SlotAlarms;
  private readonly soon: Soon = new Soon(() => {
    this.flush();
  });
  /** Whether slots have been given up that the store still counts. */
  private dirty = false;
  /** Whether somebody asked for a slot, found none, and may not wait. */
  private missed = false;
  /** Since when nobody holds a slot or waits for one. */
  private idleSince: number = Number.NEGATIVE_INFINITY;
  private closed = false;
  private closing: Promise<void> | undefined = undefined;

  constructor(options: SharedSemaphoreOptions);
  /** @internal `owner` is what errors call it */
  constructor(options: SharedConcurrencyLimitOptions, owner: string, more: readonly "until"[]);
  constructor(options: SharedConcurrencyLimitOptions, owner = "SharedSemaphore", more: readonly "until"[] = []) {
    const terms = readSlotTerms(owner, options, more);
    const { store, key, clock, timeout, label } = terms;
    this.terms = terms;
    this.notices = new Notices({ layer: slotLayerName, label, source: this });
    let serve = (): void => {};
    this.line = new Line(() => {
      const now = this.alarms.now();
      this.expire(now);
      serve();
      this.goOn(now);
    });
    this.semaphore = new Semaphore(0, {
      clock,
      line: (serveLine) => {
        serve = serveLine;
        return this.line;
      },
    });
    this.alarms = new SlotAlarms(clock, (now) => {
      this.link.overdue(now);
      this.expire(now);
      this.flush();
      this.arm(now);
    });
    this.slots = new SlotShare(terms);
    this.peak = new RecentPeak(terms.linger);
    this.link = new StoreLink({
      timeout,
      now: () => this.alarms.now(),
      send: (ask) => store.share(key, ask),
      read: (answer, ask) => this.slots.read(answer, ask),
      answered: (answer, ask, sent) => {
        this.answered(answer, ask, sent);
      },
      failed: () => {
        this.failed();
      },
      changed: (from, to) => {
        this.notices.state(from, to, this.link.cause);
      },
    });
  }

  /** Why it refuses. */
  get reason(): "capacity" | "closed" {
    return this.closed ? "closed" : "capacity";
  }

  /** Slots held in this member. */
  get active(): number {
    return this.semaphore.active;
  }

  /** Callers in line in this member. */
  get waiting(): number {
    return this.line.size;
  }

  /** Slots that this member has and nobody holds. */
  get available(): number {
    if (this.closed) return 0;
    return this.hasLost(this.alarms.now()) ? Math.max(0, this.fallback() - this.active) : this.semaphore.available;
  }

  /** For how many milliseconds the longest holder has had its slot; 0 when no slot is held. */
  get oldest(): number {
    return this.semaphore.oldest;
  }

  /** How many slots this member may hold now. */
  get share(): number {
    return this.hasLost(this.alarms.now()) ? this.fallback() : this.semaphore.max;
  }

  /** Whether the store answered the last question. */
  get state(): StoreState {
    return this.link.state;
  }

  /** How many members hold or want slots, as the store said last; undefined before that. */
  get members(): number | undefined {
    return this.slots.members;
  }

  /** How often the store was asked. */
  get trips(): number {
    return this.link.trips;
  }

  /** Answers that came too late to be used. */
  get late(): number {
    return this.link.late;
  }

  /** Whether no slot is borrowed or held, and no caller waits. */
  get idle(): boolean {
    return (
      !this.closed &&
      !this.link.busy &&
      this.link.state === "up" &&
      this.share === 0 &&
      this.active + this.waiting === 0
    );
  }

  /** What it is, and its counters: what a logger needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, key, max } = this.terms;
    const { share, state, members, active, waiting, available, oldest, trips, late, lost } = this;
    return { label, key, max, share, state, members, active, waiting, available, oldest, trips, late, lost };
  }

  /** Borrows `count` slots. See {@link SharedConcurrencyLimit.warm}. */
  warm(count = 1): Promise<void> {
    requireNumber(slotLayerName, "count", count, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    this.expire(this.alarms.now());
    if (this.closed || this.available >= count) return Promise.resolve();
    const warm = this.warming.join(count);
    this.soon.call();
    return warm;
  }

  /** Gives back what is borrowed. See {@link SharedConcurrencyLimit.close}. */
  close(): Promise<void> {
    if (this.closing === undefined) {
      const now = this.alarms.now();
      this.expire(now);
      this.closed = true;
      this.closing = this.warming.join(0);
      this.refuseAll(() => this.overloaded());
      this.lowerTo(this.active);
      this.soon.call();
    }
    return this.closing;
  }

  /** A slot, where this member has a free one and no caller is in line for it. Throws {@link StoreDownError} where the store is down and `outage` says so. */
  tryAcquire(): Lease | undefined {
    if (this.closed || this.line.blocks()) return undefined;
    const now = this.alarms.now();
    this.expire(now);
    const lease = this.semaphore.tryAcquire();
    if (lease === undefined) {
      this.missed = true;
      this.askSoon(now);
      if (this.isRefusing(now)) throw this.storeDown(now);
    } else this.goOn(now);
    return lease;
  }

  /**
   * A slot, in turn. Rejects with `signal.reason` when the signal aborts, and with {@link StoreDownError} where the store is down, the lease has
   * ended, and `outage` says so.
   */
  acquire(options: ReadyOptions = {}): Promise<Lease> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.closed) return Promise.reject(this.overloaded());
    try {
      const lease = this.tryAcquire();
      if (lease !== undefined) return Promise.resolve(lease);
    } catch (error) {
      return Promise.reject(error);
    }
    const waiting = this.line.join(options);
    const now = this.alarms.now();
    if (this.isRefusing(now)) this.refuseAll(() => this.storeDown(now));
    this.goOn(now);
    return waiting;
  }

  /** The lease of a slot that is told of its end. */
  admitted(lease: Lease): Lease {
    return new SlotLease(this, lease);
  }

  /** @internal */
  started(): number {
    const now = this.alarms.now();
    this.expire(now);
    if (this.terms.outage === "refuse" && this.isRefusing(now)) throw this.storeDown(now);
    return now;
  }

  /** @internal */
  left(lease: SlotLease): void {
    const now = this.alarms.now();
    const { since } = lease;
    this.expire(now);
    if (since !== undefined) this.slots.pace.ended(now - since);
    this.peak.add(this.active, now);
    // Lowered first, or the slot would go to the next in line.
    if (this.closed) this.lowerTo(this.active - 1);
    else if (this.slots.owed > 0) {
      this.slots.owed--;
      this.lowerTo(this.semaphore.max - 1);
    }
    lease.release();
    this.goOn(now);
  }

  /** A lease that has ended is believed to have been given to others. */
  private expire(now: number): void {
    if (!this.hasLost(now)) return;
    const { slots } = this;
    slots.leaseEnd = Number.NEGATIVE_INFINITY;
    slots.owed = 0;
    this.dirty = false;
    const { active } = this;
    this.lost += active;
    if (active > 0) this.notices.tell("lost", () => ({ slots: active }));
    this.setShare(this.fallback());
    this.refuseWhileDown(now);
  }

  /** Whether there was a lease that has ended, and nobody has come since: where nothing runs, no timer is armed for it. */
  private hasLost(now: number): boolean {
    const { leaseEnd } = this.slots;
    return leaseEnd !== Number.NEGATIVE_INFINITY && leaseEnd <= now;
  }

  /** How many slots this member has without a lease. */
  private fallback(): number {
    const { outage, max, share = 1 / (this.members ?? 1) } = this.terms;
    if (this.closed || this.link.state === "up") return 0;
    return outage === "refuse" ? 0 : outage === "allow" ? max : Math.floor(max * share);
  }

  /** Whether the store is down, and there is nothing to let anybody in by. */
  private isRefusing(now: number): boolean {
    return this.link.state === "down" && !this.slots.isLeased(now) && this.semaphore.max === 0;
  }

  private refuseWhileDown(now: number): void {
    if (this.isRefusing(now)) this.refuseAll(() => this.storeDown(now));
  }

  private refuseAll(reason: () => Error): void {
    while (this.line.size > 0) this.line.refuse(reason());
  }

  private askSoon(now: number): void {
    if (this.link.isFree(now) && this.isDue(now)) this.soon.call();
  }

  /** Whether there is something to ask the store by now, or to tell it. */
  private isDue(now: number): boolean {
    const { slots, active, waiting, terms } = this;
    if (this.dirty) return true;
    if (this.warming.count > 0 && this.warming.count > this.available) return !this.closed;
    if (active + waiting > 0 && now >= slots.lastSent + terms.refresh) return true;
    if (this.closed) return false;
    if ((waiting > 0 || this.missed) && this.semaphore.available === 0) return now >= slots.retryAt;
    return active + waiting === 0 && slots.isLeased(now) && now >= this.idleSince + terms.linger;
  }

  /** Asks the store for what is wanted by now, and tells it what is no longer. */
  private flush(): void {
    const now = this.alarms.now();
    // The answer that is waited for comes back here.
    if (this.link.busy) return;
    this.expire(now);
    if (this.link.isFree(now) && this.isDue(now)) {
      const { active, waiting } = this;
      const isIdle = active + waiting === 0 && !this.missed && this.warming.count === 0;
      // While the store is down, slots are all that the member has to go by.
      if (this.slots.isLeased(now) && this.link.state === "up") {
        const lingers = this.closed || (isIdle && now >= this.idleSince + this.terms.linger) ? 0 : this.peak.at(now);
        this.lowerTo(Math.max(active, lingers));
      }
      // Of slots that are not leased it says how many are in use.
      const keep = this.slots.isLeased(now) ? this.semaphore.max : active;
      const wanted = Math.max(waiting, this.missed ? 1 : 0, this.warming.count);
      const ask = this.slots.ask(keep, this.closed ? active : active + wanted, now);
      this.dirty = false;
      this.warming.asked(this.closed);
      this.link.ask(ask, now);
    } else this.warming.over();
    this.missed = false;
    this.arm(now);
  }

  private answered(answer: ShareAnswer, ask: ShareAsk, sent: number): void {
    const now = this.alarms.now();
    const { slots } = this;
    let share = slots.learn(answer, ask, sent, now);
    this.notices.conflict({ max: this.terms.max }, answer.conflict);
    if (this.closed) slots.owed = Math.max(slots.owed, share - this.active);
    // Free slots that others lack go back at once, those in use as their calls end. Not where some have come just now: they might go to and fro.
    const free = answer.more > 0 && !this.closed ? 0 : Math.min(slots.owed, Math.max(0, share - this.active));
    if (free > 0) {
      slots.owed -= free;
      slots.lowered(free);
      share -= free;
      this.dirty = true;
    }
    if (answer.more > 0) this.idleSince = now;
    this.peak.add(share, now);
    this.setShare(share);
    this.ended(now);
  }

  private failed(): void {
    const now = this.alarms.now();
    this.expire(now);
    if (!this.slots.isLeased(now)) this.setShare(this.fallback());
    this.slots.retryAt = Number.NEGATIVE_INFINITY;
    this.refuseWhileDown(now);
    this.ended(now);
  }

  /** A question has ended. */
  private ended(now: number): void {
    this.warming.answered();
    this.goOn(now);
    this.soon.call();
  }

  /** Something has changed. */
  private goOn(now: number): void {
    if (this.active + this.waiting > 0) this.idleSince = now;
    this.askSoon(now);
    this.arm(now);
  }

  private setShare(share: number): void {
    const from = this.semaphore.max;
    if (from === share) return;
    this.semaphore.max = share;
    this.notices.tell("limit", () => ({ from, to: share }));
  }

  /** Gives up slots that the store still counts. */
  private lowerTo(share: number): void {
    const less = this.semaphore.max - share;
    if (less <= 0) return;
    this.slots.lowered(less);
    this.dirty = this.slots.leaseEnd !== Number.NEGATIVE_INFINITY;
    this.setShare(share);
  }

  /** The timers are armed while an answer is waited for, a caller is in line, or slots are to be kept or given back. */
  private arm(now: number): void {
    const { slots, link, active, waiting, terms } = this;
    const isUp = link.state === "up";
    const refreshAt = slots.lastSent + terms.refresh;
    let { due } = link;
    let keepAt = Infinity;
    if (waiting > 0) {
      due = Math.min(due, later(slots.leaseEnd, now));
      if (!link.busy) due = Math.min(due, isUp ? later(slots.retryAt, now) : later(link.probeAt, now));
      if (!link.busy && isUp) due = Math.min(due, later(refreshAt, now));
    } else if (active > 0) {
      keepAt = later(slots.leaseEnd, now);
      if (!link.busy) keepAt = Math.min(keepAt, isUp ? refreshAt : Math.max(refreshAt, link.probeAt));
    } else if (slots.isLeased(now) && isUp && !link.busy) keepAt = this.idleSince + terms.linger;
    this.alarms.set(due, keepAt);
  }

  private overloaded(): OverloadedError {
    return this.notices.overloaded(this.reason);
  }

  private storeDown(now: number): StoreDownError {
    return this.notices.storeDown(this.link, now);
  }
}

/** A time that is still to come; Infinity where it is over, for then something else has been done about it. */
function later(time: number, now: number): number {
  return time > now ? time : Infinity;
}
