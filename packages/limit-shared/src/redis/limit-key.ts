/**
 * The keys of a limit in the store. What stands between the braces is a hash tag: all keys of one limit are on one node of a cluster. So a
 * brace in the key itself is written otherwise, as is half a surrogate pair, which UTF-8 cannot say.
 */
export function limitKey(prefix: string, key: string, part: "bucket" | "members" | "slots"): string {
  const tag = key.replace(/[%{}\p{Surrogate}]/gu, (character) => `%${character.charCodeAt(0).toString(16)}`);
  return `${prefix}:{${tag}}:${part}`;
}
