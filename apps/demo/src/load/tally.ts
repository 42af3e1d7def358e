import { Histogram } from "../report/histogram.ts";

/** How a request ended, as its client saw it. */
export type Ending =
  /** Answered, correctly, while the client was still there. */
  | "good"
  /** Answered at once with something plainer, which says that it is: it is no goodput. */
  | "estimated"
  /** Told at once to come back later: 429 or 503. */
  | "refused"
  /** Nothing came while the client was there, or a 504. */
  | "timedOut"
  /** Another answer, or a broken connection. */
  | "failed";

/** Who asks: the greedy client, or one of the others, which have something important to ask now and then. */
export type Class = "usual" | "important" | "greedy";

export interface Share {
  readonly offered: number;
  readonly good: number;
}

/** Of one class, of which those that have not ended yet say nothing. */
export interface ClassShare extends Share {
  readonly ended: number;
}

/** What became of the requests that one route was offered in one phase. */
export interface Tally {
  readonly offered: number;
  readonly good: number;
  readonly estimated: number;
  readonly refused: number;
  readonly timedOut: number;
  readonly failed: number;
  /** The important ones of these. */
  readonly important: ClassShare;
  /** Those of the greedy client, which are in none of the other figures. */
  readonly greedy: ClassShare;
  /** The latencies of those that were neither refused nor failed, as buckets: one who gave up counts with all its patience. */
  readonly latencies: readonly number[];
  /** In the order of time, how many were good of those offered in each slice of a phase. */
  readonly slices: readonly Share[];
}

/** The length of a slice, in ms. */
export const sliceMs = 500;

export class Counter {
  private readonly counts: Record<Ending, number> = { good: 0, estimated: 0, refused: 0, timedOut: 0, failed: 0 };
  private readonly latencies = new Histogram();
  private readonly slices: { offered: number; good: number }[] = [];
  private readonly isSliced: boolean;
  private readonly important = { offered: 0, ended: 0, good: 0 };
  private readonly greedy = { offered: 0, ended: 0, good: 0 };
  private offered = 0;

  /** @param options `slices: false` leaves the slices out, which grow with time; default true */
  constructor({ slices = true }: { readonly slices?: boolean } = {}) {
    this.isSliced = slices;
  }

  /** One is due, so long after the phase began. What it answers with is to be told how that ended. */
  offer(sincePhaseBegan: number, by: Class = "usual"): (ending: Ending, tookMs: number) => void {
    const share = by === "usual" ? undefined : this[by];
    const endOfClass = (ending: Ending): void => {
      if (share === undefined) return;
      share.ended++;
      if (ending === "good") share.good++;
    };
    if (share !== undefined) share.offered++;
    if (by === "greedy") return endOfClass;
    this.offered++;
    const slice = this.isSliced ? this.slice(Math.floor(sincePhaseBegan / sliceMs)) : undefined;
    if (slice !== undefined) slice.offered++;
    return (ending, tookMs) => {
      this.counts[ending]++;
      if (ending === "good" && slice !== undefined) slice.good++;
      endOfClass(ending);
      if (ending === "good" || ending === "timedOut") this.latencies.record(tookMs);
    };
  }

  tally(): Tally {
    const { counts, offered, important, greedy, latencies, slices } = this;
    return { ...counts, offered, important, greedy, latencies: latencies.toJSON(), slices };
  }

  private slice(index: number): { offered: number; good: number } {
    while (this.slices.length <= index) this.slices.push({ offered: 0, good: 0 });
    return this.slices[index]!;
  }
}
