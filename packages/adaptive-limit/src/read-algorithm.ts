import { readOption, requireMethods, requireNumber } from "@sluice/core/kit";
import type { LimitAlgorithm } from "./limit-algorithm.ts";

/** Algorithms that some limit has: each has a state of its own. */
const used = new WeakSet<LimitAlgorithm>();

/**
 * What is read of an algorithm once, checked.
 *
 * @throws TypeError | RangeError when it is none, or another limit has it
 */
export function readAlgorithm(
  owner: string,
  algorithm: LimitAlgorithm,
): { readonly min: number; readonly max: number; readonly limit: number; readonly eachSample: boolean } {
  requireMethods(owner, "algorithm", algorithm, "an algorithm such as vegas()", ["sample"]);
  if (used.has(algorithm)) {
    throw new TypeError(`${owner}: algorithm must not be that of another limit; received the same a second time`);
  }
  const read = (member: string): unknown => readOption(owner, algorithm, member, `algorithm.${member}`);
  const { min = 1, max = Number.POSITIVE_INFINITY } = { min: read("min"), max: read("max") };
  const limit = requireNumber(owner, "algorithm.limit", read("limit"), { min: 1 });
  const least = requireNumber(owner, "algorithm.min", min, { min: 1, max: limit, integer: true });
  const most = requireNumber(owner, "algorithm.max", max, { min: limit, integer: true, infinity: true });
  return { min: least, max: most, limit, eachSample: read("eachSample") === true };
}

/** Takes an algorithm that was read: no other limit may have it. */
export function claimAlgorithm(algorithm: LimitAlgorithm): void {
  used.add(algorithm);
}
