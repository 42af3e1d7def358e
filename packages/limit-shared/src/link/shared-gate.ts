import type { Lease, OverloadedError } from "@sluice/core";
import { type Line, requireName, requireNumber } from "@sluice/core/kit";
import { requireKey, type SharedTerms } from "../shared-options.ts";
import type { StoreDownError } from "../store-down-error.ts";
import { Member, type StoreState } from "./member.ts";
import { Notices } from "./notices.ts";
import { Soon } from "./soon.ts";
import { type Asker, StoreLink } from "./store-link.ts";
import { Warming } from "./warming.ts";

/** What the gate of a key takes from the gate that made it. */
export interface Kin<Terms> {
  readonly key: string;
  readonly terms: Terms;
  readonly member: Member;
}

/**
 * The base of the gates of both limits: a line of callers for the permits that this member has borrowed, and a link to the store, which is
 * asked in the background.
 */
export abstract class SharedGate<Ask, Answer, Terms extends SharedTerms> implements Asker<Ask, Answer> {
  /** @internal the options, checked */
  readonly terms: Terms;
  /** Names the limit in the store. */
  readonly key: string;
  protected readonly member: Member;
  protected readonly link: StoreLink<Ask, Answer>;
  protected readonly notices: Notices;
  protected readonly warming: Warming = new Warming();
  protected readonly soon: Soon = new Soon(() => {
    this.flush();
  });
  /** Whether a caller asked for a permit and found none. It may not be one that waits. */
  protected missed = false;
  protected closed = false;
  private closing: Promise<void> | undefined = undefined;
  protected abstract readonly line: Line<Lease>;
  /** The `reason` of its refusals. */
  abstract readonly reason: "rate" | "capacity" | "closed";

  /** @param layer what errors and events call it */
  protected constructor(layer: string, terms: Terms, kin: Kin<Terms> | undefined) {
    this.terms = terms;
    this.key = kin?.key ?? terms.key;
    this.notices = new Notices(layer, terms.label, this);
    this.member =
      kin?.member ??
      new Member(terms.memberSpan, (from, to) => {
        this.notices.state(from, to, this.member.cause);
      });
    this.link = new StoreLink(this, this.member, terms.timeout);
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  /** Whether the store answered the last question. */
  get state(): StoreState {
    return this.member.state;
  }

  /**
   * How many members share the limit, as the store last reported; undefined before that. With {@link forKey}: the highest recent report for
   * any key.
   */
  get members(): number | undefined {
    return this.member.count;
  }

  /** How often the store was asked. */
  get trips(): number {
    return this.member.trips;
  }

  /** Answers that came too late to be used. */
  get late(): number {
    return this.member.late;
  }

  /** Borrows `count` permits before a caller asks for them. See `warm` of the layer. */
  warm(count = 1): Promise<void> {
    requireNumber(this.notices.layer, "count", count, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    const now = this.now();
    this.catchUp(now);
    if (this.closed || this.borrowed(now) >= count) return Promise.resolve();
    const warm = this.warming.join(count);
    this.soon.call();
    return warm;
  }

  /** Refuses all callers, waiting and new, and gives back what is borrowed. See `close` of the layer. */
  close(): Promise<void> {
    if (this.closing === undefined) {
      const now = this.now();
      this.catchUp(now);
      this.closed = true;
      this.closing = this.warming.join(0);
      this.refuseAll(() => this.overloaded());
      this.giveUp(now);
      this.soon.call();
    }
    return this.closing;
  }

  /** @internal */
  abstract now(): number;

  /** @internal */
  abstract send(ask: Ask): unknown;

  /** @internal */
  abstract read(answer: unknown, ask: Ask): Answer;

  /** @internal */
  abstract answered(answer: Answer, ask: Ask, sent: number): void;

  /** @internal */
  abstract failed(ask: Ask): void;

  /** Applies what has changed since the last call: a lease has ended, or the question of another key has found the store down or up. */
  protected abstract catchUp(now: number): void;

  /** How many borrowed permits are free. */
  protected abstract borrowed(now: number): number;

  /** The question that is due for the store; undefined where there is none. */
  protected abstract question(now: number): Ask | undefined;

  /** Sets the timers. */
  protected abstract arm(now: number): void;

  /** The gate was closed: gives back the free permits. */
  protected abstract giveUp(now: number): void;

  /** For the gate of another key. */
  protected kin(key: string): Kin<Terms> {
    requireName(this.notices.layer, key, "key");
    const { member, terms } = this;
    member.hasKeys = true;
    return { key: requireKey(this.notices.layer, `${this.key}:${key}`), terms, member };
  }

  /** Catches up, and sends the question that is due, unless one is in flight. */
  protected flush(): void {
    const now = this.now();
    this.catchUp(now);
    // The answer to the question in flight calls this again.
    if (!this.link.busy) this.next(now);
    if (this.line.size > 0) this.member.lines.add(this.soon);
    else this.member.lines.delete(this.soon);
    this.arm(now);
  }

  private next(now: number): void {
    const ask = this.member.mayAsk(now) ? this.question(now) : undefined;
    this.missed = false;
    if (ask === undefined) this.warming.over();
    else {
      this.warming.asked(this.closed);
      this.link.ask(ask, now);
    }
  }

  protected refuseAll(reason: () => Error): void {
    while (this.line.size > 0) this.line.refuse(reason());
  }

  protected overloaded(retryAfter?: number): OverloadedError {
    return this.notices.overloaded(this.reason, retryAfter);
  }

  protected storeDown(now: number): StoreDownError {
    return this.notices.storeDown(this.member, now);
  }
}
