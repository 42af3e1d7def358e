import { coalesce } from "@sluice/cache";
import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { holder } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { CoalesceModel } from "./helper/coalesce-model.ts";
import { usual } from "./helper/schedule.ts";

const shapes = fc.record({
  max: fc.constantFrom(1, 1, 2, 3),
  keys: fc.constantFrom(1, 1, 2, 3),
  /** Whether there is a limit outside, too, which counts the callers. */
  outside: fc.boolean(),
});
const weights = { ...usual, call: 8, fail: 4, failReadiness: 1, spendElsewhere: 2, advance: 4, tick: 3 };

checkModel("coalesce around a limit", weights, shapes, ({ max, keys, outside }, { clock, innermost }) => {
  const keyOf = (request: number): number | undefined => {
    const key = (request + Math.floor(request / 1_000)) % (keys + 1);
    return key === keys ? undefined : key;
  };
  const layer = coalesce({ key: keyOf, clock });
  const limit = concurrencyLimit(max, { clock });
  const callers = concurrencyLimit(1_000, { clock });
  const coalesced = layer.wrap(limit.wrap(innermost));
  const service = outside ? callers.wrap(coalesced) : coalesced;
  const model = new CoalesceModel(max, keyOf);
  innermost.most = max;
  return {
    model,
    blind: true,
    shares: true,
    repeats: true,
    serviceFor: () => service,
    counters: () => [limit.active, limit.waiting, limit.available, limit.oldest, layer.inFlight, layer.joined],
    amiss() {
      if (!outside || callers.active === model.outside) return undefined;
      return `A limit outside counts ${callers.active}, and should ${model.outside}.`;
    },
    optionsOf(who, { does, other, ms, pick }) {
      if (!other || does === "ready") return {};
      if (pick < 3) {
        model.deaf.add(who);
        return { signal: undefined };
      }
      if (pick < 6) return {};
      const deadline = clock.now() + ms;
      model.deadlines.set(who, deadline);
      return { deadline };
    },
    acts: {
      spendElsewhere(step, play) {
        const each = holder(step, play);
        if (each === undefined) return;
        const request = each.who + 1_000 * (1 + (step.ms % 3));
        play.callers.spend(each, request);
        play.model?.spend(each.who, request);
      },
    },
    idle: () => [0, 0, max, 0, 0, layer.joined],
    capacity: () => max,
  };
});
