/** What of the platform's `crypto` there may be. */
interface Randomness {
  getRandomValues?(bytes: Uint8Array): unknown;
}

let members = 0;

/**
 * A name for a member that nobody else has: a store ignores the questions of the second of two members of one name. `Math.random` alone may
 * give the same numbers in two processes (`--random-seed`), and in one whose tests replace it.
 */
export function memberName(): string {
  const { crypto } = globalThis as { readonly crypto?: Randomness };
  const bytes = new Uint8Array(12);
  if (typeof crypto?.getRandomValues === "function") crypto.getRandomValues(bytes);
  else bytes.forEach((_byte, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  members++;
  return `${Array.from(bytes, (byte) => byte.toString(36)).join("")}-${members}`;
}
