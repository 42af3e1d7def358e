import { otherFailure } from "@sluice/core/kit";

/** Counts by code. The number of codes is limited, since a code may come from outside; no count is lost. */
export class CodeCounts {
  private readonly most: number;
  private readonly counts = new Map<string, number>();

  /** @param most how many codes there may be, {@link otherFailure} apart */
  constructor(most: number) {
    this.most = most;
  }

  /** Counts one, and returns what it is counted under. */
  add(code: string): string {
    const kept = this.keeps(code) ? code : otherFailure;
    this.counts.set(kept, (this.counts.get(kept) ?? 0) + 1);
    return kept;
  }

  /** Takes one back. `kept` is what `add` returned. */
  takeBack(kept: string): void {
    const left = this.counts.get(kept)! - 1;
    if (left > 0) this.counts.set(kept, left);
    else this.counts.delete(kept);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }

  private keeps(code: string): boolean {
    const { counts, most } = this;
    return counts.has(code) || counts.size - (counts.has(otherFailure) ? 1 : 0) < most;
  }
}
