/**
 * What a limit does while its store cannot be reached:
 *
 * - `"share"`: each member admits callers by its own part of the limit;
 * - `"refuse"`: every caller is refused immediately with `StoreDownError`;
 * - `"allow"`: a rate admits every caller, and a concurrency limit as many as `max` in each member.
 */
export type Outage = "share" | "refuse" | "allow";

export const outages: readonly Outage[] = ["share", "refuse", "allow"];
