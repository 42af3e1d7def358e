import { concurrencyLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import { RetryModel } from "./helper/retry-model.ts";
import { usual } from "./helper/schedule.ts";

const shapes = fc.record({
  max: fc.integer({ min: 1, max: 2 }),
  maxRetries: fc.integer({ min: 0, max: 3 }),
  delay: fc.constantFrom(0, 0, 3, 8),
});
const weights = { ...usual, fail: 6, advance: 3, tick: 3, jump: 1 };

for (const outside of [true, false]) {
  // Inside a limit, where one caller is admitted and another retries in one turn, the order of their questions is not defined, nor which
  // gets a failure.
  const happens = { ...weights, failReadiness: outside ? 1 : 0 };
  checkModel(
    `retry ${outside ? "around" : "inside"} a limit`,
    happens,
    shapes,
    ({ max, maxRetries, delay }, { clock, innermost }) => {
      const backoff = exponentialBackoff({ base: delay, max: delay, jitter: "none" });
      const layer = retry(retryPolicy({ maxRetries, backoff }), { clock });
      const limit = concurrencyLimit(max, { clock });
      const service = outside ? layer.wrap(limit.wrap(innermost)) : limit.wrap(layer.wrap(innermost));
      const model = new RetryModel(max, maxRetries, delay, outside);
      // A limit around a retry counts calls, and registered work of an attempt may go on during the next.
      innermost.most = outside ? max : max * (maxRetries + 1);
      return {
        model,
        serviceFor: () => service,
        counters() {
          const { active, waiting, available, oldest } = limit;
          return [active, waiting, available, oldest, layer.retries, layer.waiting];
        },
        optionsOf(who, { does, other, ms, pick }) {
          if (!other || pick < 4 || does === "ready") return {};
          const deadline = clock.now() + ms;
          model.deadlines.set(who, deadline);
          return { deadline };
        },
        timers: () => clock.pending === layer.waiting,
        idle: () => [0, 0, max, 0, layer.retries, 0],
        capacity: () => max,
        repeats: true,
        // There is no order between the two.
        ...(outside ? {} : { lineOf: (who: number) => who }),
      };
    },
  );
}
