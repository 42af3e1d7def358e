/** Sums of fractions are off by a rounding: ten times 0.1 is to be 1. */
const rounding = 1e-9;

/**
 * Refuses a share of those who ask, without dice: what is to be refused adds up, and each time it comes to one, one is refused. So of any n
 * who ask at a constant share p, `⌊n p⌋` or `⌈n p⌉` are.
 */
export class Debt {
  private owed = 0;

  /** Somebody asks, of whom `share` is to be refused. Answers whether it is refused. */
  ask(share: number): boolean {
    const owed = this.owed + share;
    const refused = owed >= 1 - rounding;
    this.owed = refused ? owed - 1 : owed;
    return refused;
  }

  /** Somebody who was not refused has not been there. */
  undo(share: number): void {
    this.owed -= share;
  }

  /** Forgets what is left. */
  clear(): void {
    this.owed = 0;
  }
}
