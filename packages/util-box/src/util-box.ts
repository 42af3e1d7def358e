/** Erases the type of a stack, so that differing stacks fit one routing table. */
export function utilBox(): string {
  return "utilBox";
}
