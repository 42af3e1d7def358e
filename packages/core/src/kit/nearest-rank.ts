/**
 * The rank of a quantile among sorted values, from 1 to `count`: of the least one that the share `q` of them does not exceed. By the
 * nearest-rank method.
 *
 * @param q above 0, at most 1
 * @param count how many values there are: 1 or more
 */
export function nearestRank(q: number, count: number): number {
  // The product is rounded: without the last factor 0.07 of 100 would be 8.
  return Math.ceil(q * count * (1 - Number.EPSILON));
}
