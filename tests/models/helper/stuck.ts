/** A gate that knows how many wait, and how many more could go in. */
interface Counted {
  readonly waiting: number;
  readonly available: number;
}

/** Says where somebody waits though there is room. */
export function stuckAt(...gates: readonly (Counted | undefined)[]): string | undefined {
  const found = gates.find((gate) => gate !== undefined && gate.waiting > 0 && gate.available > 0);
  return found && `${found.waiting} wait where there is room for ${found.available}.`;
}
