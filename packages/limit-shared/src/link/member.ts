import { Ewma } from "@sluice/core/stats";
import { memberName } from "../member-name.ts";
import { RecentPeak } from "../recent-peak.ts";

/** Whether the store answered the last question. */
export type StoreState = "up" | "down";

/**
 * The first pause before a store that is down is asked again, and the longest: ms. A member that does not know yet that the store is back goes
 * on by itself, beside those that know: so it is to find out soon.
 */
const firstPause = 100;
const longestPause = 1_000;

/**
 * One member: what a process knows of its store, and by what name the store knows it. It is that of one limit, or of a limit with many keys.
 *
 * It is the circuit of its limits: a store that fails, or does not answer in time, is down until it answers. Meanwhile it is asked after pauses
 * that grow from 100 ms to 1 s, half of each at random, so that many members do not ask at once.
 */
export class Member {
  readonly name: string = memberName();
  state: StoreState = "up";
  /** How many members share the limit, as the store said last, and with many keys the most that it said lately; undefined before that. */
  count: number | undefined = undefined;
  /** Questions sent. */
  trips = 0;
  /** Answers that came after their time-out. */
  late = 0;
  /** What the store failed with last. */
  cause: unknown = undefined;
  /** When a store that is down may be asked again. */
  probeAt: number = Number.NEGATIVE_INFINITY;
  /** Whether it has limits for many keys: not all members come to each of them. */
  hasKeys = false;
  /** Whether another member has been heard of that says something else. */
  disagreed = false;
  private readonly changed: (from: StoreState, to: StoreState) => void;
  private readonly most: RecentPeak;
  private readonly trip: Ewma = new Ewma(10);
  private number = 0;
  private gates = 0;
  private pause = firstPause;

  /**
   * @param span for how long a number of members is remembered where there are many keys: ms
   * @param changed called when the store stops answering, or answers again
   */
  constructor(span: number, changed: (from: StoreState, to: StoreState) => void) {
    this.most = new RecentPeak(span);
    this.changed = changed;
  }

  /** How long the store takes to answer, in milliseconds; undefined before its first answer. */
  get roundTrip(): number | undefined {
    return this.trip.value > 0 ? this.trip.value : undefined;
  }

  /** What a gate goes by that holds what no other gate of this member has. The first has the member's own name. */
  nameOfGate(): string {
    this.gates++;
    return this.gates === 1 ? this.name : `${this.name}#${this.gates}`;
  }

  /** By what the store knows the next question. A key that is asked for again has a higher number than before, whoever asks. */
  sign(name: string = this.name): { readonly member: string; readonly number: number } {
    return { member: name, number: ++this.number };
  }

  /** Whether a question may be sent at `now`. */
  mayAsk(now: number): boolean {
    return this.state === "up" || this.probeAt <= now;
  }

  /** A question is sent, which is waited for until `due`. While the store is down, it is the only one. */
  asked(due: number): void {
    this.trips++;
    if (this.state === "down") this.probeAt = due;
  }

  /** An answer has come within `ms`. */
  answered(ms: number): void {
    this.trip.add(Math.max(ms, 0.01));
    this.pause = firstPause;
    this.cause = undefined;
    this.turn("up");
  }

  heard(members: number | undefined, now: number): void {
    if (members === undefined) return;
    this.most.add(members, now);
    this.count = this.hasKeys ? this.most.at(now) : members;
  }

  /** A question has failed. Those that were sent while the store was still up fail together, and count as one. */
  failed(cause: unknown, wasDown: boolean, now: number): void {
    this.cause = cause;
    if (this.state === "down" && !wasDown) return;
    this.probeAt = now + this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, longestPause);
    this.turn("down");
  }

  private turn(to: StoreState): void {
    const from = this.state;
    if (from === to) return;
    this.state = to;
    this.changed(from, to);
  }
}
