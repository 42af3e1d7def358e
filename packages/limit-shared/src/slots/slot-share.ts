import { AnswerReader } from "../read-answer.ts";
import type { Member } from "../link/member.ts";
import type { ShareAnswer, ShareAsk } from "../store/store.ts";
import { Pace } from "./pace.ts";
import type { SlotTerms } from "./slot-terms.ts";

/** The slots that the store counts for a member, and how many of them are to be given back. */
export class SlotShare {
  /** When the lease ends; -Infinity where there is none. */
  leaseEnd: number = Number.NEGATIVE_INFINITY;
  /** How many slots are given back as calls end, because other members lack them. */
  owed = 0;
  /** When a member that lacks slots asks again. */
  retryAt: number = Number.NEGATIVE_INFINITY;
  /** When the store was asked last. */
  lastSent: number = Number.NEGATIVE_INFINITY;
  readonly pace: Pace;
  private readonly terms: SlotTerms;
  private readonly member: Member;
  /** The name in the store. A process may have two gates of one key: each holds its own slots. */
  private readonly name: string;
  /** Slots that the last question said are kept, and that have not been given up since. */
  private kept = 0;

  constructor(terms: SlotTerms, member: Member) {
    this.terms = terms;
    this.member = member;
    this.name = member.nameOfGate();
    this.pace = new Pace(terms.refresh);
  }

  /** Whether the lease is valid at `now`. */
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

  /** The member gives up `slots` of the slots that it said it keeps. */
  lowered(slots: number): void {
    this.kept = Math.max(0, this.kept - slots);
  }

  /** Checks an answer. Throws where it is not of the right form. */
  read(answer: unknown, { keep, want, max }: ShareAsk): ShareAnswer {
    const reader = new AnswerReader(answer);
    return {
      // More than was wanted would be given back immediately, and granted again.
      more: reader.whole("more", Math.max(0, Math.min(want, max) - keep)),
      level: reader.whole("level"),
      lacking: reader.whole("lacking"),
      older: reader.whole("older"),
      members: reader.members(),
      conflict: reader.conflict() as ShareAnswer["conflict"],
    };
  }

  /** Returns how many slots the member may hold now; {@link owed} of them are to be given back. */
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
    // Where there are fewer slots than members, slots go to the members that have been short for longer.
    this.owed = Math.max(0, Math.min(slots - level, level === 0 ? older : lacking));
    const isToHaveMore = slots < want && (slots < level || slots === 0);
    if (!isToHaveMore) this.pace.reset();
    const pause = isToHaveMore ? this.pace.next() : this.terms.refresh;
    this.retryAt = slots < want ? now + pause : Number.NEGATIVE_INFINITY;
    return slots;
  }
}
