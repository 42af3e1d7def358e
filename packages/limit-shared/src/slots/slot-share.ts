import { AnswerReader } from "../read-answer.ts";
import type { Member } from "../link/member.ts";
import type { ShareAnswer, ShareAsk } from "../store/store.ts";
import { Pace } from "./pace.ts";
import type { SlotTerms } from "./slot-terms.ts";

/** What a member has learned of its part, and how many slots of it are to go back. */
export class SlotShare {
  /** When the lease ends; -Infinity where the member has none. */
  leaseEnd: number = Number.NEGATIVE_INFINITY;
  /** How many slots go back as calls end, for others lack them. */
  owed = 0;
  /** When a member that lacks slots asks again. */
  retryAt: number = Number.NEGATIVE_INFINITY;
  /** When the store was asked last. */
  lastSent: number = Number.NEGATIVE_INFINITY;
  readonly pace: Pace;
  private readonly terms: SlotTerms;
  private readonly member: Member;
  /** Two gates of one key may be in use in a process: each holds slots of its own. */
  private readonly name: string;
  /** Slots that the question under way says are kept, less those that have been given up since. */
  private kept = 0;

  constructor(terms: SlotTerms, member: Member) {
    this.terms = terms;
    this.member = member;
    this.name = member.nameOfGate();
    this.pace = new Pace(terms.refresh);
  }

  /** Whether the store counts slots for this member. */
  isLeased(now: number): boolean {
    return now < this.leaseEnd;
  }

  /** The next question. */
  ask(keep: number, want: number, now: number): ShareAsk {
    const { ttl, max } = this.terms;
    this.kept = keep;
    this.lastSent = now;
    return { ...this.member.sign(this.name), keep, want: Math.max(keep, want), ttl, max };
  }

  /** The member gives up a slot, or several, that it said it would keep. */
  lowered(slots: number): void {
    this.kept = Math.max(0, this.kept - slots);
  }

  /** An answer whose members can be relied on. Throws where it is none. */
  read(answer: unknown, { keep, want, max }: ShareAsk): ShareAnswer {
    const reader = new AnswerReader(answer);
    return {
      // What is not wanted would be given back at once, and come again.
      more: reader.whole("more", Math.max(0, Math.min(want, max) - keep)),
      level: reader.whole("level"),
      lacking: reader.whole("lacking"),
      older: reader.whole("older"),
      members: reader.members(),
      conflict: reader.conflict() as ShareAnswer["conflict"],
    };
  }

  /** Returns how many slots the member may have now, and still owes {@link owed} of them. */
  learn(
    { more, level, lacking, older, members }: ShareAnswer,
    { keep, want }: ShareAsk,
    sent: number,
    now: number,
  ): number {
    this.member.heard(members, now);
    this.leaseEnd = keep + more > 0 ? sent + this.terms.ttl : Number.NEGATIVE_INFINITY;
    const slots = this.kept + more;
    this.kept = slots;
    // Where there are fewer slots than members, each goes back to those who have waited for longer.
    this.owed = Math.max(0, Math.min(slots - level, level === 0 ? older : lacking));
    const isToHaveMore = slots < want && (slots < level || slots === 0);
    if (!isToHaveMore) this.pace.reset();
    const pause = isToHaveMore ? this.pace.next() : this.terms.refresh;
    this.retryAt = slots < want ? now + pause : Number.NEGATIVE_INFINITY;
    return slots;
  }
}
