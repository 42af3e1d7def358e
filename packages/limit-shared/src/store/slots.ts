import { memberSpan } from "./member-span.ts";
import type { ShareAnswer, ShareAsk } from "./store.ts";

/** One member and its slots. */
interface Member {
  number: number;
  held: number;
  want: number;
  /** When its lease ends. From then on it holds and wants nothing. */
  until: number;
  /** When it no longer counts as a member: not before its lease has ended. */
  gone: number;
  /** Since when it has been short of slots; undefined where it is not short. */
  short: number | undefined;
}

/**
 * How many slots each member holds, and until when. The script of `redisStore` does the same; a test compares them. Times are the store's.
 *
 * - The fair level is the max-min level over what the members want (water filling), rounded down.
 * - A member is granted what it lacks up to the level, as far as slots are free, and more only from slots that no other member lacks.
 * - Where there are fewer slots than members that want one, the level is 0: each member is short of one slot while it has none, and the
 *   member that has been short for longest is served first.
 * - A member that holds and wants nothing still counts as a member for a while, and an older question of it changes nothing.
 * - Where the clock steps back, leases and waiting times move back with it, so that no lease lasts longer.
 */
export class Slots {
  private readonly members = new Map<string, Member>();
  private seen: number;
  private fence = 0;
  private max: number;

  constructor(ask: ShareAsk, now: number) {
    this.seen = now;
    this.max = ask.max;
  }

  share(ask: ShareAsk, now: number): ShareAnswer {
    this.stepBack(now);
    this.passTime(now);
    const { max } = ask;
    const conflict = this.max === max ? undefined : { max: this.max };
    this.max = max;
    const known = this.members.get(ask.member);
    const isNew = known === undefined || ask.number > known.number;
    const keep = isNew ? ask.keep : known.held;
    const want = isNew ? ask.want : known.want;
    this.members.delete(ask.member);
    const others = [...this.members.values()];
    const level = fairLevel([want, ...others.map((other) => other.want)], max);
    let held = 0;
    let lacking = 0;
    let older = 0;
    const since = known?.short ?? now;
    for (const other of others) {
      held += other.held;
      const lack = lackOf(other, level);
      lacking += lack;
      if (other.short !== undefined && other.short < since) older += lack;
    }
    const free = Math.max(0, max - held - keep);
    const more = isNew ? moreOf(keep, want, level, free, lacking, older) : 0;
    lacking = Math.max(lacking, held + keep - max);
    if (more > 0) this.fence = Math.max(this.fence + 1, Math.floor(now * 1_000));
    const total = keep + more;
    const short = lackOf({ held: total, want }, level) > 0 ? since : undefined;
    const heard = isNew
      ? { number: ask.number, until: now + ask.ttl, gone: now + Math.max(ask.ttl, memberSpan(ask.ttl)) }
      : known;
    this.members.set(ask.member, { ...heard, held: total, want, short });
    return { more, level, lacking, older, fence: this.fence, members: this.count(), conflict };
  }

  /** Its time to live, in whole ms: after that there are no members. */
  ttl(now: number): number {
    let last = now;
    for (const { gone } of this.members.values()) last = Math.max(last, gone);
    return Math.max(1, Math.ceil(last - now));
  }

  private count(): number {
    const names = new Set<string>();
    for (const name of this.members.keys()) names.add(name.replace(/#.*/s, ""));
    return names.size;
  }

  private passTime(now: number): void {
    for (const [name, member] of this.members) {
      if (member.gone <= now) this.members.delete(name);
      else if (member.until <= now) {
        member.held = 0;
        member.want = 0;
        member.short = undefined;
      }
    }
  }

  private stepBack(now: number): void {
    const back = this.seen - now;
    if (back > 0) {
      for (const member of this.members.values()) {
        member.until -= back;
        member.gone -= back;
        if (member.short !== undefined) member.short -= back;
      }
    }
    this.seen = now;
  }
}

/** How many slots a member lacks of what it wants, up to the level; up to one slot where the level is 0. */
function lackOf({ held, want }: Pick<Member, "held" | "want">, level: number): number {
  return Math.max(0, Math.min(want, Math.max(level, 1)) - held);
}

function moreOf(keep: number, want: number, level: number, free: number, lacking: number, older: number): number {
  if (level === 0) return Math.max(0, Math.min(lackOf({ held: keep, want }, 0), free - older));
  const fair = Math.min(lackOf({ held: keep, want }, level), free);
  const spare = Math.max(0, Math.min(want - keep - fair, free - fair - lacking));
  return fair + spare;
}

/** The greatest whole number that each member may have of what it wants, so that all fit in `max`. */
function fairLevel(wants: number[], max: number): number {
  let rest = max;
  let left = 0;
  for (const want of wants) if (want > 0) left++;
  let most = 0;
  for (const want of wants.sort((a, b) => a - b)) {
    if (want <= 0) continue;
    const even = Math.floor(rest / left);
    if (want > even) return even;
    rest -= want;
    left--;
    most = want;
  }
  // All members have what they want.
  return most;
}
