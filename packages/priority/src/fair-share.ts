/**
 * Counts to whom a turn goes, so that of any `k` turns `⌊k · share⌋` at least go to those behind. Without dice: what is owed carries over.
 */
export class FairShare {
  private readonly share: number;
  private turns = 0;
  private given = 0;

  constructor(share: number) {
    this.share = share;
  }

  /** A turn is taken while there is somebody behind. Whether it is theirs. */
  isTheirs(): boolean {
    this.turns++;
    // By counting, roundings do not add up: ten times 0.1 is one.
    if (Math.floor(this.turns * this.share + 1e-9) === this.given) return false;
    this.given++;
    return true;
  }
}
