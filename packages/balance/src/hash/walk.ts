/**
 * Walks from `start` through the entries, each of which is an index below `count`, to the first that is accepted; -1 where none is. Those
 * of which there is no entry come last: with little weight, or among more than there are entries, one may have none.
 */
export function walk(
  entries: ArrayLike<number>,
  start: number,
  count: number,
  accept: (index: number) => boolean,
): number {
  const first = entries[start];
  // There are no endpoints.
  if (first === undefined || first < 0) return -1;
  if (accept(first)) return first;
  const refused = new Set([first]);
  for (let step = 1; step < entries.length && refused.size < count; step++) {
    const index = entries[(start + step) % entries.length]!;
    if (refused.has(index)) continue;
    if (accept(index)) return index;
    refused.add(index);
  }
  for (let index = 0; index < count && refused.size < count; index++) {
    if (!refused.has(index) && accept(index)) return index;
  }
  return -1;
}
