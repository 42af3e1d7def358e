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

/** What became of the requests that one route was offered in one phase. */
export interface Tally {
  readonly offered: number;
  readonly good: number;
  readonly estimated: number;
  readonly refused: number;
  readonly timedOut: number;
  readonly failed: number;
  /** The latencies of those that were neither refused nor failed, as buckets: one who gave up counts with all its patience. */
  readonly latencies: readonly number[];
  /** In the order of time, how many were good of those offered in each slice of a phase. */
  readonly slices: readonly { readonly offered: number; readonly good: number }[];
}

/** The length of a slice, in ms. */
export const sliceMs = 500;

export class Counter {
  private readonly counts: Record<Ending, number> = { good: 0, estimated: 0, refused: 0, timedOut: 0, failed: 0 };
  private readonly latencies = new Histogram();
  private readonly slices: { offered: number; good: number }[] = [];
  private readonly isSliced: boolean;
  private offered = 0;

  /** @param options `slices: false` leaves the slices out, which grow with time; default true */
  constructor({ slices = true }: { readonly slices?: boolean } = {}) {
    this.isSliced = slices;
  }

  /** One is due, so long after the phase began. What it answers with is to be told how that ended. */
  offer(sincePhaseBegan: number): (ending: Ending, tookMs: number) => void {
    this.offered++;
    const slice = this.isSliced ? this.slice(Math.floor(sincePhaseBegan / sliceMs)) : undefined;
    if (slice !== undefined) slice.offered++;
    return (ending, tookMs) => {
      this.counts[ending]++;
      if (ending === "good" && slice !== undefined) slice.good++;
      if (ending === "good" || ending === "timedOut") this.latencies.record(tookMs);
    };
  }

  tally(): Tally {
    return { ...this.counts, offered: this.offered, latencies: this.latencies.toJSON(), slices: this.slices };
  }

  private slice(index: number): { offered: number; good: number } {
    while (this.slices.length <= index) this.slices.push({ offered: 0, good: 0 });
    return this.slices[index]!;
  }
}
