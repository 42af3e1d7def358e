/** A gate with the number of waiting callers, and its free room. */
interface Counted {
  readonly waiting: number;
  readonly available: number;
}

/** Reports where a caller waits although there is room. */
export function stuckAt(...gates: readonly (Counted | undefined)[]): string | undefined {
  const found = gates.find((gate) => gate !== undefined && gate.waiting > 0 && gate.available > 0);
  return found && `${found.waiting} wait where there is room for ${found.available}.`;
}
