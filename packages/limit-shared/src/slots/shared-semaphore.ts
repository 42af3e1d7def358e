import type { Gate, Lease, OverloadedError, ReadyOptions } from "@sluice/core";
import { abortReason, Line, LinkedList } from "@sluice/core/kit";
import { type Kin, SharedGate } from "../link/shared-gate.ts";
import type { StoreDownError } from "../store-down-error.ts";
import type { ShareAnswer, ShareAsk } from "../store/store.ts";
import { RecentPeak } from "../recent-peak.ts";
import { SlotAlarms } from "./slot-alarms.ts";
import { type SlotHolder, SlotLease } from "./slot-lease.ts";
import { SlotShare } from "./slot-share.ts";
import {
  readSlotTerms,
  type SharedConcurrencyLimitOptions,
  type SharedSemaphoreOptions,
  type SlotTerms,
} from "./slot-terms.ts";

/** The name of the layer in errors and events. */
export const slotLayerName = "sharedConcurrencyLimit";

/**
 * The gate behind {@link sharedConcurrencyLimit}, for a layer with another name, or as part of another gate.
 *
 * It is a semaphore whose size is the number of slots that the store grants under a lease. The store never takes a slot away: the member
 * lowers its own number first, and then tells the store.
 *
 * @example
 * const slots = new SharedSemaphore({ store, key: "reports", max: 20 });
 * const service = new ServiceBuilder().layer(gate(slots, { name: "reports" })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export class SharedSemaphore
  extends SharedGate<ShareAsk, ShareAnswer, SlotTerms>
  implements Gate<unknown, OverloadedError | StoreDownError>, SlotHolder
{
  /** Carries the failures in the types; never there at run time. */
  declare readonly "~failure"?: (() => OverloadedError | StoreDownError) | undefined;
  /** Slots that were held when the lease ended: other members may have been granted them. */
  lost = 0;
  protected readonly line: Line<Lease> = new Line(() => {
    const now = this.now();
    this.catchUp(now);
    this.serve(now);
    this.goOn(now);
  });
  /** How many slots this member may hold, as of the last {@link catchUp}. */
  private limit = 0;
  private readonly held: LinkedList<SlotLease> = new LinkedList();
  private readonly slots: SlotShare;
  private readonly peak: RecentPeak;
  private readonly alarms: SlotAlarms;
  /** Whether the store still counts slots that this member has given up. */
  private dirty = false;
  /** Since when no slot is held and no caller waits. */
  private idleSince: number = Number.NEGATIVE_INFINITY;

  constructor(options: SharedSemaphoreOptions);
  /** @internal `owner` is what errors call it */
  constructor(options: SharedConcurrencyLimitOptions, owner: string, more?: readonly "until"[], kin?: Kin<SlotTerms>);
  constructor(
    options: SharedConcurrencyLimitOptions,
    owner = "SharedSemaphore",
    more: readonly "until"[] = [],
    kin?: Kin<SlotTerms>,
  ) {
    super(slotLayerName, kin?.terms ?? readSlotTerms(owner, options, more), kin);
    const { clock, linger } = this.terms;
    this.alarms = new SlotAlarms(clock, (now) => {
      this.link.overdue(now);
      this.catchUp(now);
      this.flush();
      this.arm(now);
    });
    this.slots = new SlotShare(this.terms, this.member);
    this.peak = new RecentPeak(linger);
  }

  /**
   * The gate of another key: as many slots, counted separately, under the key of this one, ":" and `key`. All gates share what this member
   * knows of the store: how many members there are, and that it is down, so that an outage costs one timeout and not one for each key.
   *
   * @example
   * const slots = new SharedSemaphore({ store, key: "client", max: 2 });
   * const perClient = keyed({ key: (request: Ask) => request.client, gate: (client) => slots.forKey(client) });
   *
   * @param key a non-empty string; with its prefix at most 200 characters
   * @throws TypeError | RangeError when `key` is not
   */
  forKey(key: string): SharedSemaphore {
    return ofKin(this.terms, this.kin(key));
  }

  /** The `reason` of its refusals. */
  get reason(): "capacity" | "closed" {
    return this.closed ? "closed" : "capacity";
  }

  /** Slots held in this member. */
  get active(): number {
    return this.held.size;
  }

  /** Free slots of this member. */
  get available(): number {
    return this.closed ? 0 : Math.max(0, this.share - this.active);
  }

  /** For how many milliseconds the longest holder has had its slot; 0 when no slot is held. */
  get oldest(): number {
    const { first } = this.held;
    return first === undefined ? 0 : this.now() - first.granted;
  }

  /** How many slots this member may hold now. */
  get share(): number {
    return this.slots.isLeased(this.now()) ? this.limit : this.fallback();
  }

  /** Whether no slot is borrowed or held, and no caller waits. */
  get idle(): boolean {
    if (this.closed || this.link.busy || this.active + this.waiting > 0) return false;
    return !this.slots.isLeased(this.now());
  }

  /** Its options and counters, for a logger. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { label, max } = this.terms;
    const { key, share, state, members, active, waiting, available, oldest, trips, late, lost } = this;
    return { label, key, max, share, state, members, active, waiting, available, oldest, trips, late, lost };
  }

  /**
   * A slot, where this member has a free one and no caller is in line. Throws {@link StoreDownError} where the store is down, the lease has
   * ended, and this member has no slots by `outage`.
   */
  tryAcquire(): Lease | undefined {
    if (this.closed || this.line.blocks()) return undefined;
    const now = this.now();
    this.catchUp(now);
    if (this.isFull) {
      this.missed = true;
      this.askSoon(now);
      if (this.isRefusing(now)) throw this.storeDown(now);
      return undefined;
    }
    const lease = this.lend(now);
    this.goOn(now);
    return lease;
  }

  /**
   * A slot, in turn. Rejects with `signal.reason` when the signal aborts, and with {@link StoreDownError} where the store is down, the
   * lease has ended, and this member has no slots by `outage`.
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
    const now = this.now();
    this.catchUp(now);
    this.goOn(now);
    return waiting;
  }

  /** @internal */
  started(): number {
    const now = this.now();
    this.catchUp(now);
    if (this.terms.outage === "refuse" && this.isRefusing(now)) throw this.storeDown(now);
    return now;
  }

  /** @internal */
  left(lease: SlotLease): void {
    if (lease.list !== this.held) return;
    const now = this.now();
    const { slots } = this;
    this.catchUp(now);
    this.peak.add(this.active, now);
    this.held.remove(lease);
    if (lease.since !== undefined) slots.pace.ended(now - lease.since);
    // A slot that the store is to get back does not serve the next caller in line.
    if (this.closed) this.lowerTo(this.active, now);
    else if (slots.owed > 0) {
      slots.owed--;
      this.lowerTo(this.limit - 1, now);
    }
    this.serve(now);
    this.goOn(now);
  }

  protected catchUp(now: number): void {
    const { slots, active } = this;
    if (slots.isLeased(now)) return;
    // After the end of a lease, its slots may have been granted to other members.
    if (slots.leaseEnd !== Number.NEGATIVE_INFINITY) {
      slots.leaseEnd = Number.NEGATIVE_INFINITY;
      slots.owed = 0;
      this.dirty = false;
      this.lost += active;
      if (active > 0) this.notices.tell("lost", () => ({ slots: active }));
    }
    this.setLimit(this.fallback(), now);
    if (this.isRefusing(now)) this.refuseAll(() => this.storeDown(now));
  }

  /** How many slots this member may hold without a lease. */
  private fallback(): number {
    const { outage, max, share = 1 / (this.members ?? 1) } = this.terms;
    if (this.closed || this.member.state === "up") return 0;
    // A product may be a rounding below a whole number: 100 * 0.29, 49 * (1 / 49).
    const part = Math.min(max, Math.floor(max * share * (1 + 2 ** -50)));
    return outage === "refuse" ? 0 : outage === "allow" ? max : part;
  }

  /** Whether the store is down and this member has no slots. */
  private isRefusing(now: number): boolean {
    return this.member.state === "down" && !this.slots.isLeased(now) && this.limit === 0;
  }

  private askSoon(now: number): void {
    if (this.link.isFree(now) && this.isDue(now)) this.soon.call();
  }

  /** Whether a question to the store is due. */
  private isDue(now: number): boolean {
    const { slots, active, waiting, terms } = this;
    if (this.dirty) return true;
    if (this.warming.count > 0 && this.warming.count > this.available) return !this.closed;
    if (active + waiting > 0 && now >= slots.lastSent + terms.refresh) return true;
    if (this.closed) return false;
    if ((waiting > 0 || this.missed) && this.isFull) return now >= slots.retryAt;
    return active + waiting === 0 && slots.isLeased(now) && now >= this.idleSince + terms.linger;
  }

  protected question(now: number): ShareAsk | undefined {
    if (!this.isDue(now)) return undefined;
    const { slots, active, waiting, missed, warming, closed } = this;
    const isLeased = slots.isLeased(now);
    // While the store is down the member keeps its slots.
    if (isLeased && this.member.state === "up") {
      const isIdle = active + waiting === 0 && !missed && warming.count === 0;
      const isOver = closed || (isIdle && now >= this.idleSince + this.terms.linger);
      this.lowerTo(Math.max(active, isOver ? 0 : this.peak.at(now)), now);
    }
    this.dirty = false;
    const wanted = Math.max(waiting, missed ? 1 : 0, warming.count);
    // Without a lease it reports the slots in use.
    return slots.ask(isLeased ? this.limit : active, closed ? active : active + wanted, now);
  }

  /** @internal */
  now(): number {
    return this.alarms.now();
  }

  /** @internal */
  send(ask: ShareAsk): unknown {
    return this.terms.store.share(this.key, ask);
  }

  /** @internal */
  read(answer: unknown, ask: ShareAsk): ShareAnswer {
    return this.slots.read(answer, ask);
  }

  /** @internal */
  answered(answer: ShareAnswer, ask: ShareAsk, sent: number): void {
    const now = this.now();
    const { slots } = this;
    let share = slots.learn(answer, ask, sent, now);
    this.notices.conflict(this.member, { max: this.terms.max }, answer.conflict);
    if (this.closed) slots.owed = Math.max(slots.owed, share - this.active);
    // Free slots that other members lack are given back immediately, slots in use as their calls end. Not right after a grant, so that
    // slots do not move to and fro.
    const free = answer.more > 0 && !this.closed ? 0 : Math.min(slots.owed, Math.max(0, share - this.active));
    if (free > 0) {
      slots.owed -= free;
      slots.lowered(free);
      share -= free;
      this.dirty = true;
    }
    if (answer.more > 0) this.idleSince = now;
    this.peak.add(share, now);
    this.setLimit(share, now);
    this.ended(now);
  }

  /** @internal */
  failed(): void {
    const now = this.now();
    this.slots.retryAt = Number.NEGATIVE_INFINITY;
    this.catchUp(now);
    this.ended(now);
  }

  /** The question in flight has been answered or has failed. */
  private ended(now: number): void {
    this.warming.answered();
    this.goOn(now);
    this.soon.call();
  }

  /** After each change: asks the store where that is due, and sets the timers. */
  private goOn(now: number): void {
    if (this.active + this.waiting > 0) this.idleSince = now;
    this.askSoon(now);
    this.arm(now);
  }

  private get isFull(): boolean {
    return this.held.size >= this.limit;
  }

  private lend(now: number): SlotLease {
    const lease = new SlotLease(this, now);
    this.held.push(lease);
    return lease;
  }

  private serve(now: number): void {
    while (this.line.size > 0 && !this.isFull) this.line.grant(this.lend(now));
  }

  private setLimit(limit: number, now: number): void {
    const from = this.limit;
    if (from === limit) return;
    this.limit = limit;
    this.notices.tell("limit", () => ({ from, to: limit }));
    this.serve(now);
  }

  /** Gives up slots above `limit`. The next question tells the store. */
  private lowerTo(limit: number, now: number): void {
    const less = this.limit - limit;
    if (less <= 0) return;
    this.slots.lowered(less);
    this.dirty = this.slots.leaseEnd !== Number.NEGATIVE_INFINITY;
    this.setLimit(limit, now);
  }

  /** The timers are armed while a question is in flight, a caller is in line, or slots are held or to be given back. */
  protected arm(now: number): void {
    const { slots, link, member, active, waiting, terms } = this;
    const isUp = member.state === "up";
    const refreshAt = slots.lastSent + terms.refresh;
    let { due } = link;
    let keepAt = Infinity;
    if (waiting > 0) {
      due = Math.min(due, later(slots.leaseEnd, now));
      if (!link.busy) due = Math.min(due, isUp ? later(slots.retryAt, now) : later(member.probeAt, now));
      if (!link.busy && isUp) due = Math.min(due, later(refreshAt, now));
    } else if (active > 0) {
      keepAt = later(slots.leaseEnd, now);
      if (!link.busy) keepAt = Math.min(keepAt, isUp ? refreshAt : Math.max(refreshAt, member.probeAt));
    } else if (slots.isLeased(now) && isUp && !link.busy) keepAt = this.idleSince + terms.linger;
    this.alarms.set(due, keepAt);
  }

  protected borrowed(): number {
    return this.available;
  }

  protected giveUp(now: number): void {
    this.lowerTo(this.active, now);
  }
}

/** A future time as it is; Infinity for a past one, which has already been dealt with. */
function later(time: number, now: number): number {
  return time > now ? time : Infinity;
}

/** The gate of another key. Not in the class: bundlers rename a class that names itself. */
function ofKin(terms: SlotTerms, kin: Kin<SlotTerms>): SharedSemaphore {
  return new SharedSemaphore(terms, slotLayerName, [], kin);
}
