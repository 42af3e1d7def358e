/** What of the platform's `crypto` there may be. */
interface Randomness {
  randomUUID?(): string;
  getRandomValues?(bytes: Uint8Array): unknown;
}

/**
 * A random UUID, version 4. `crypto.randomUUID` is missing in insecure browser contexts and in jsdom, and `crypto` itself in some test
 * environments: an id has to be unique there, too, and secret nowhere.
 */
export function randomId(): string {
  const { crypto } = globalThis as { readonly crypto?: Randomness };
  if (typeof crypto?.randomUUID === "function") return crypto.randomUUID();
  const bytes = new Uint8Array(16);
  if (typeof crypto?.getRandomValues === "function") crypto.getRandomValues(bytes);
  else bytes.forEach((_byte, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  // RFC 9562, section 5.4: the version, and the variant.
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}
