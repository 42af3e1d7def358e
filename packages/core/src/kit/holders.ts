/**
 * Who holds something, and since when: each by a place in a list of times. Only numbers are kept. A list of the holders
 * themselves, each younger than the list, is what a garbage collector likes least: it cost a limit 20 ns a call more
 * (`pnpm bench alone`).
 */
export class Holders {
  /** How many hold something. */
  size = 0;
  /** Since when, by place; Infinity where nobody is. */
  private readonly since: number[] = [];
  /** The places where nobody is. */
  private readonly free: number[] = [];

  /** Somebody holds something from `now` on, at the place that this answers with. */
  enter(now: number): number {
    const place = this.free.pop() ?? this.since.length;
    this.since[place] = now;
    this.size++;
    return place;
  }

  /** Whoever is at `place` holds nothing any more. There must be somebody. */
  leave(place: number): void {
    this.since[place] = Number.POSITIVE_INFINITY;
    this.free.push(place);
    this.size--;
    // After a rush nobody looks through its places for ever.
    if (this.size === 0 && this.since.length > 1_000) this.since.length = this.free.length = 0;
  }

  /** For how long the one who has held longest has: 0 when nobody holds anything. Looks at all places. */
  longest(now: number): number {
    let earliest = now;
    for (const since of this.since) earliest = Math.min(earliest, since);
    return now - earliest;
  }
}
