/**
 * The rank of a quantile among sorted values, from 1 to `count`: of the least one that the share `q` of them does not exceed. By the
 * nearest-rank method.
 *
 * @param q from 0 to 1
 * @param count how many values there are: 1 or more
 */
export function nearestRank(q: number, count: number): number {
  const rank = Math.ceil(q * count);
  // The product is rounded: 0.07 of 100 would be 8.
  return Math.max((rank - 1) / count >= q ? rank - 1 : rank, 1);
}
