/**
 * A key of a limit in the store. The part between the braces is a hash tag: it puts all keys of one limit on one node of a cluster. Braces
 * and `%` in `key` are escaped, and so are lone surrogates, which UTF-8 cannot encode.
 */
export function limitKey(prefix: string, key: string, part: "bucket" | "members" | "slots"): string {
  const tag = key.replace(/[%{}\p{Surrogate}]/gu, (character) => `%${character.charCodeAt(0).toString(16)}`);
  return `${prefix}:{${tag}}:${part}`;
}
