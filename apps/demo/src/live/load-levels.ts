import type { ByRoute } from "../routes.ts";

/** What each backend can do, in requests a second: by its workers and their time, or by its quota. */
const capacity: ByRoute<number> = { quote: 75, report: 62, fares: 50, hash: 0 };

/** The load at the beginning, as a share of that. */
export const calm = 0.6;

/** More would show what the load generator can do. */
export const most = 4;

/** Requests a second for each route that ask for so many times what its backend can do. */
export function ratesOf(times: number): ByRoute<number> {
  const { quote, report, fares, hash } = capacity;
  return { quote: quote * times, report: report * times, fares: fares * times, hash: hash * times };
}
