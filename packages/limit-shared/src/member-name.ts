/** The part of the platform's `crypto` that is used; it may be missing. */
interface Randomness {
  getRandomValues?(bytes: Uint8Array): unknown;
}

let members = 0;

/**
 * A unique name for a member: of two members with one name, the store would ignore the questions of one. `Math.random` alone is not enough:
 * it gives the same numbers in two processes with one `--random-seed`, and where tests replace it.
 */
export function memberName(): string {
  const { crypto } = globalThis as { readonly crypto?: Randomness };
  const bytes = new Uint8Array(12);
  if (typeof crypto?.getRandomValues === "function") crypto.getRandomValues(bytes);
  else bytes.forEach((_byte, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  members++;
  return `${Array.from(bytes, (byte) => byte.toString(36)).join("")}-${members}`;
}
