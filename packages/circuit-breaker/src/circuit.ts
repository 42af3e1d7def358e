import { LinkedList } from "@sluice/core/kit";
import type { WindowCounts } from "@sluice/core/stats";
import { BreakLength } from "./break-length.ts";
import type { CircuitCall } from "./circuit-call.ts";
import type { Settings } from "./options.ts";
import { lastCalls, lastOf, type OutcomeWindow } from "./outcome-window.ts";

/**
 * - `"closed"`: calls pass;
 * - `"open"`: none does, until the break is over and somebody asks;
 * - `"half-open"`: only probes pass;
 * - `"isolated"`: none does, until it is closed by hand.
 */
export type CircuitState = "closed" | "open" | "half-open" | "isolated";

/** For how many windows a circuit that knows of failures is worth keeping where nobody calls: its caller may never come back. */
const staleAfter = 60;

/**
 * The state of a circuit, and how it changes. It has no clock: times are handed in, in milliseconds, and never go back.
 *
 * Between two changes of state lies an era. A call counts in the era in which it was let in; after that, what becomes of it changes
 * nothing.
 */
export class Circuit {
  state: CircuitState = "closed";
  /** Calls let in that have not ended, of whichever era. */
  active = 0;
  /** How often the state was changed, or a break begun anew. */
  era = 0;
  /** How often it has opened. */
  opened = 0;
  /** The failure that opened it last. */
  cause: unknown = undefined;
  /** When the break is over. */
  private until = 0;
  /** When the last call has ended, or the break is over. */
  private latest = 0;
  private readonly settings: Settings;
  private readonly changed: (from: CircuitState, to: CircuitState) => void;
  private readonly breaks: BreakLength;
  private readonly window: OutcomeWindow;
  /** Failures in a row. */
  private streak = 0;
  private lastFailure: unknown = undefined;
  /** Probes that are under way, and probes that succeeded. */
  private probing = 0;
  private succeeded = 0;
  /** Whether calls were counted as slow, and nobody has looked at the ratio since. */
  private noticed = false;
  /** Whether the window may hold a failure, or a slow call: most of the time it does not, and need not be looked at. */
  private troubled = false;
  // Both the oldest first. Calls of an era that is over are taken out when they come to be the first.
  /** Probes whose calls have not begun. */
  private readonly reserved: LinkedList<CircuitCall> = new LinkedList();
  /** Calls that have begun and are not known to be slow: those that may become so, and probes. */
  private readonly running: LinkedList<CircuitCall> = new LinkedList();

  /** @param changed called after each change of state */
  constructor(settings: Settings, changed: (from: CircuitState, to: CircuitState) => void) {
    const { window, breakFor } = settings;
    this.settings = settings;
    this.changed = changed;
    this.breaks = new BreakLength(breakFor);
    this.window = "calls" in window ? lastCalls(window.calls) : lastOf(window.time, window.buckets);
  }

  /** Whether a call would be let in now. */
  get hasRoom(): boolean {
    if (this.state === "closed") return true;
    return this.state === "half-open" && this.probing + this.succeeded < this.settings.probes;
  }

  /** Whether time alone changes what is answered to those who ask. */
  get isTimed(): boolean {
    return this.state !== "closed" || this.settings.slowCall !== Infinity;
  }

  /** Whether a new one would do the same, as far as calls that have ended go, or what it knows is old. */
  isFresh(now: number): boolean {
    if (this.state === "closed" && this.streak === 0) return this.counts(now).calls === 0;
    const { window } = this.settings;
    return this.state !== "isolated" && "time" in window && this.latest + staleAfter * window.time <= now;
  }

  /** In how many milliseconds the break is over; undefined where there is none. */
  rest(now: number): number | undefined {
    return this.state === "open" ? Math.max(this.until - now, 0) : undefined;
  }

  /** When time changes the state next, if nothing is heard until then. */
  get due(): number {
    if (this.state === "open") return this.until;
    return this.state === "half-open" ? this.probeDue() : Infinity;
  }

  counts(now: number): WindowCounts {
    if (this.state === "closed") this.noticeSlow(now);
    return this.window.at(now);
  }

  /** Takes the steps that time brings. Called by whoever asks, so that no timer is needed. */
  advance(now: number): void {
    if (this.state === "open") {
      if (this.until <= now) this.enter("half-open");
    } else if (this.state === "half-open") {
      // Nothing was heard of a probe for a whole break, or it is slow.
      if (this.probeDue() <= now) this.trip(now, this.cause);
    } else if (this.state === "closed") {
      this.noticeSlow(now);
      if (this.noticed) this.judge(now);
    }
  }

  /** Lets `call` in. There is room. */
  letIn(call: CircuitCall, now: number): void {
    this.active++;
    call.era = this.era;
    if (this.state !== "half-open") return;
    this.probing++;
    call.since = now;
    this.reserved.push(call);
  }

  /** Whether what becomes of `call` counts. */
  isCurrent(call: CircuitCall): boolean {
    return call.era === this.era;
  }

  /** `call`, which is current, begins. */
  begin(call: CircuitCall, now: number): void {
    this.reserved.remove(call);
    call.since = now;
    if (this.state === "half-open" || this.settings.slowCall !== Infinity) this.running.push(call);
  }

  /** `call` is over, and never began. */
  drop(call: CircuitCall): void {
    this.active--;
    if (!this.reserved.remove(call)) this.running.remove(call);
    if (this.isCurrent(call) && this.state === "half-open") this.probing--;
  }

  /**
   * `call` has ended.
   *
   * @param share how much of a failure it was, from 0 to 1; undefined where its outcome says nothing. That it was slow counts all the same
   * @param reason what it failed with
   */
  end(call: CircuitCall, now: number, share: number | undefined, reason: unknown): void {
    if (this.isCurrent(call) && this.state === "closed") this.noticeSlow(now);
    this.drop(call);
    if (!this.isCurrent(call)) return;
    this.latest = now;
    const failed = share !== undefined && share >= this.settings.failureRatio;
    if (share !== undefined && share > 0) {
      this.lastFailure = reason;
      this.troubled = true;
    }
    if (this.state === "half-open") this.endProbe(call, now, share, failed);
    else this.endCall(call, now, share, failed);
  }

  /** Opens it, by hand, for `length` milliseconds; default as long as after any opening. */
  open(now: number, length?: number): void {
    this.trip(now, this.state === "open" ? this.cause : undefined, length);
  }

  /** Closes it, and forgets all that was counted. */
  close(): void {
    this.breaks.reset();
    this.cause = this.lastFailure = undefined;
    this.enter("closed");
  }

  isolate(): void {
    this.cause = undefined;
    this.enter("isolated");
  }

  private endProbe(call: CircuitCall, now: number, share: number | undefined, failed: boolean): void {
    if (failed) this.trip(now, this.lastFailure);
    else if (call.since + this.settings.slowCall <= now) this.trip(now, this.cause);
    else if (share !== undefined && ++this.succeeded === this.settings.probes) this.close();
  }

  private endCall(call: CircuitCall, now: number, share: number | undefined, failed: boolean): void {
    const { consecutive } = this.settings;
    if (share !== undefined) {
      // A slow one is counted already.
      if (call.mark === undefined) this.window.add(now, share, false);
      else if (share > 0 && !this.window.amend(call.mark, now, share)) this.window.add(now, share, true);
      if (consecutive !== Infinity) this.streak = failed ? this.streak + 1 : 0;
    } else if (!this.noticed) return;
    if (this.streak >= consecutive) this.trip(now, this.lastFailure);
    else this.judge(now);
  }

  /** Counts calls in flight that have become slow. */
  private noticeSlow(now: number): void {
    const { slowCall } = this.settings;
    for (let first = this.currentFirst(this.running); first !== undefined; first = this.currentFirst(this.running)) {
      const due = first.since + slowCall;
      if (due > now) return;
      this.running.remove(first);
      first.mark = this.window.add(due, 0, true);
      this.noticed = this.troubled = true;
    }
  }

  /** When the first probe has failed that is not heard of until then. */
  private probeDue(): number {
    const { longest } = this.breaks;
    const { since: reserved = Infinity } = this.currentFirst(this.reserved) ?? {};
    const { since: running = Infinity } = this.currentFirst(this.running) ?? {};
    return Math.min(reserved + longest, running + Math.min(longest, this.settings.slowCall));
  }

  private currentFirst(list: LinkedList<CircuitCall>): CircuitCall | undefined {
    while (list.first !== undefined && !this.isCurrent(list.first)) list.remove(list.first);
    return list.first;
  }

  private judge(now: number): void {
    this.noticed = false;
    if (!this.troubled) return;
    const { minimumCalls, failureRatio, slowRatio } = this.settings;
    const { calls, failures, slow } = this.window.at(now);
    this.troubled = failures > 0 || slow > 0;
    if (calls < minimumCalls) return;
    // By division, which is exact for ratios such as 0.1 of 30 where multiplication is not.
    if (failures / calls >= failureRatio) this.trip(now, this.lastFailure);
    else if (slow / calls >= slowRatio) this.trip(now, undefined);
  }

  private trip(now: number, cause: unknown, length?: number): void {
    this.cause = cause;
    this.until = this.latest = now + (length === undefined ? this.breaks.next() : this.breaks.take(length));
    this.enter("open");
  }

  private enter(to: CircuitState): void {
    const from = this.state;
    this.era++;
    this.streak = this.probing = this.succeeded = 0;
    this.noticed = this.troubled = false;
    this.window.clear();
    if (from === to) return;
    this.state = to;
    if (to === "open") this.opened++;
    // Last: whoever hears of it may ask, or change it again.
    this.changed(from, to);
  }
}
