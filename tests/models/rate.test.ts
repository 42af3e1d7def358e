import { gate } from "@sluice/core";
import { FixedWindow, type RateOptions, SlidingWindow, TokenBucket } from "@sluice/limit";
import { excess } from "@sluice/test-kit";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import { PlainRate } from "./helper/plain-rate.ts";
import { RateModel } from "./helper/rate-model.ts";
import { usual } from "./helper/schedule.ts";

for (const [name, algorithm, make] of [
  ["SlidingWindow", "sliding-window", (options: RateOptions) => new SlidingWindow(options)],
  ["TokenBucket", "token-bucket", (options: RateOptions) => new TokenBucket(options)],
  ["FixedWindow", "fixed-window", (options: RateOptions) => new FixedWindow(options)],
] as const) {
  const shape = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    /** In how many milliseconds one more start is allowed. */
    each: fc.integer({ min: 1, max: 4 }),
    burst:
      algorithm === "token-bucket"
        ? fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined })
        : fc.constant(undefined),
  });
  const weights = { ...usual, failReadiness: 1, advance: 6, tick: 3, jump: 1 };
  checkModel(name, weights, shape, ({ limit, each, burst }, { clock, innermost }) => {
    const rules = { limit, interval: limit * each, burst: burst ?? limit };
    const rate = make({ limit, interval: rules.interval, clock, ...(burst && { burst }) });
    const service = gate(rate, { name: "rate" }).wrap(innermost);
    const model = new RateModel((news) => new PlainRate(rules, algorithm, news));
    return {
      model,
      serviceFor: () => service,
      counters: () => [rate.active, rate.waiting, rate.available, rate.oldest, rate.retryAfter(), clock.pending],
      optionsOf(who, { ms, other, pick }) {
        if (!other || pick < 4) return {};
        const deadline = clock.now() + ms;
        model.gate.deadlines.set(who, deadline);
        return { deadline };
      },
      fault() {
        const starts = innermost.jobs.map(({ since }) => since);
        const over = excess(algorithm, starts, rules);
        return over > 0 ? `${over} too many started: ${starts.join()}.` : undefined;
      },
      idle: () => [0, 0, rules.burst, 0, 0, 0],
      capacity: () => rules.burst,
    };
  });
}
