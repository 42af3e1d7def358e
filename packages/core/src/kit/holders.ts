/**
 * Start times of the current holders, by index. Numbers only: a list of holder objects, each younger than the list, cost a
 * limit 20 ns a call more (`pnpm bench alone`), for the garbage collector's write barriers.
 */
export class Holders {
  /** How many holders there are. */
  size = 0;
  /** The start time at each index; Infinity where it is free. */
  private readonly since: number[] = [];
  /** The free indices. */
  private readonly free: number[] = [];

  /** Adds a holder from `now` on, and returns its index. */
  enter(now: number): number {
    const place = this.free.pop() ?? this.since.length;
    this.since[place] = now;
    this.size++;
    return place;
  }

  /** Removes the holder at `place`. There must be one. */
  leave(place: number): void {
    this.since[place] = Number.POSITIVE_INFINITY;
    this.free.push(place);
    this.size--;
    // After a rush its indices are not searched for ever.
    if (this.size === 0 && this.since.length > 1_000) this.since.length = this.free.length = 0;
  }

  /** For how long the longest holder has held: 0 without holders. Looks at all indices. */
  longest(now: number): number {
    let earliest = now;
    for (const since of this.since) earliest = Math.min(earliest, since);
    return now - earliest;
  }
}
