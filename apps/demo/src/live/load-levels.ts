import type { Offer } from "../load/messages.ts";
import { greedyRoute, greedyTimes } from "../plan.ts";
import type { ByRoute } from "../routes.ts";
import type { Asked } from "./frame.ts";

/** What each backend can do, in requests a second: by its workers and their time, or by its quota. */
const capacity: ByRoute<number> = { quote: 75, report: 62, fares: 50, hash: 0 };

/** What clients ask for at the beginning. */
export const usual: Asked = { times: 0.6, greedy: false, important: false };

/** More would show what the load generator can do. */
export const most = 4;

/** The load that this is. */
export function offerOf({ times, greedy, important }: Asked): Offer {
  const { quote, report, fares, hash } = capacity;
  return {
    rates: { quote: quote * times, report: report * times, fares: fares * times, hash: hash * times },
    greedy: greedy ? capacity[greedyRoute] * greedyTimes : 0,
    isMarked: important,
  };
}
