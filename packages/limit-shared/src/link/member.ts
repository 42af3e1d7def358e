import { Ewma } from "@sluice/core/stats";
import { memberName } from "../member-name.ts";
import { RecentPeak } from "../recent-peak.ts";
import type { Soon } from "./soon.ts";

/** Whether the store answered the last question. */
export type StoreState = "up" | "down";

/**
 * The first and the longest pause before a store that is down is asked again: ms. The longest is short, for until a member knows that the
 * store is back it uses its own share, beside the members that already use the store.
 */
const firstPause = 100;
const longestPause = 1_000;

/**
 * One member: its name in the store, and what it knows of the store. One limit has one member, also a limit with many keys.
 *
 * It is the circuit breaker of its limits: a store that fails, or does not answer in time, is down until it answers. Meanwhile it is asked
 * after pauses that grow from 100 ms to 1 s, half of each random, so that members do not all ask at the same time.
 */
export class Member {
  readonly name: string = memberName();
  state: StoreState = "up";
  /**
   * How many members share the limit, as the store last reported; with many keys the highest recent report. Undefined before the first
   * report.
   */
  count: number | undefined = undefined;
  /** How long the store takes to answer: the last answer, or the average where that is less; undefined before its first answer. */
  roundTrip: number | undefined = undefined;
  /** Questions sent. */
  trips = 0;
  /** Answers that came after their timeout. */
  late = 0;
  /** The error of the last failed request to the store. */
  cause: unknown = undefined;
  /** When a store that is down may be asked again. */
  probeAt: number = Number.NEGATIVE_INFINITY;
  /** Whether it has limits for many keys. Not every member uses every key. */
  hasKeys = false;
  /** Whether a conflict with another member's options has been announced. */
  disagreed = false;
  /** Gates with callers in line: they are told when the store stops answering, or answers again. */
  readonly lines: Set<Soon> = new Set();
  private readonly changed: (from: StoreState, to: StoreState) => void;
  private readonly most: RecentPeak;
  private readonly trip: Ewma = new Ewma(10);
  /** How many questions had been sent when the store last stopped or began to answer. */
  private turnedAt = 0;
  private number = 0;
  private gates = 0;
  private pause = firstPause;

  /**
   * @param span how long a reported number of members is remembered where there are many keys: ms
   * @param changed called when the store stops answering, or answers again
   */
  constructor(span: number, changed: (from: StoreState, to: StoreState) => void) {
    this.most = new RecentPeak(span);
    this.changed = changed;
  }

  /** A name for a gate that holds slots of its own. The first gate has the member's name. */
  nameOfGate(): string {
    this.gates++;
    return this.gates === 1 ? this.name : `${this.name}#${this.gates}`;
  }

  /** The name and number of the next question. Numbers grow over all gates of the member, so they also grow for each key. */
  sign(name: string = this.name): { readonly member: string; readonly number: number } {
    return { member: name, number: ++this.number };
  }

  /** Whether a question may be sent at `now`. */
  mayAsk(now: number): boolean {
    return this.state === "up" || this.probeAt <= now;
  }

  /** A question is sent, with a timeout at `due`. While the store is down, no other question is sent before then. Returns how many it makes. */
  asked(due: number): number {
    if (this.state === "down") this.probeAt = due;
    return ++this.trips;
  }

  /** An answer has come after `ms` milliseconds. */
  answered(ms: number): void {
    const trip = Math.max(ms, 0.01);
    // A caller that believes in a slow answer does not wait for a quick one.
    this.roundTrip = Math.min(trip, this.trip.add(trip));
    this.pause = firstPause;
    this.cause = undefined;
    this.turn("up");
  }

  heard(members: number | undefined, now: number): void {
    if (members === undefined) return;
    this.most.add(members, now);
    this.count = this.hasKeys ? this.most.at(now) : members;
  }

  /**
   * The `nth` question has failed. Questions that were sent before the store stopped answering count as one failure together, and those
   * that were sent before it answered again do not count.
   */
  failed(cause: unknown, nth: number, now: number): void {
    if (nth <= this.turnedAt) return;
    this.cause = cause;
    this.probeAt = now + this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, longestPause);
    this.turn("down");
  }

  private turn(to: StoreState): void {
    const from = this.state;
    if (from === to) return;
    this.state = to;
    this.turnedAt = this.trips;
    this.changed(from, to);
    for (const line of this.lines) line.call();
  }
}
