/**
 * What a limit does while its store cannot be reached:
 *
 * - `"share"`: each member goes by a part of the limit, of its own;
 * - `"refuse"`: everybody is refused at once with `StoreDownError`;
 * - `"allow"`: a rate lets everybody in, and a concurrency limit as many as `max` in each member.
 */
export type Outage = "share" | "refuse" | "allow";

/** All of them. */
export const outages: readonly Outage[] = ["share", "refuse", "allow"];
