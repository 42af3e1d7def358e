import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import { usual } from "./helper/schedule.ts";
import { TimeoutModel } from "./helper/timeout-model.ts";

const time = fc.option(fc.integer({ min: 1, max: 15 }), { freq: 2, nil: undefined });
const shapes = fc.record({ max: fc.integer({ min: 1, max: 2 }), ready: time, call: time, total: time });
const weights = { ...usual, advance: 5, tick: 4, jump: 1 };

for (const outside of [true, false]) {
  const name = `timeout ${outside ? "around" : "inside"} a limit`;
  checkModel(name, weights, shapes, ({ max, ...times }, { clock, innermost }) => {
    const layer = timeout({ ...times, deadline: true, clock });
    const limit = concurrencyLimit(max, { clock });
    const service = outside ? layer.wrap(limit.wrap(innermost)) : limit.wrap(layer.wrap(innermost));
    const model = new TimeoutModel(max, times, outside);
    innermost.most = max;
    return {
      model,
      serviceFor: () => service,
      counters() {
        const { active, waiting, available, oldest } = limit;
        return [active, waiting, available, oldest, layer.timedOut, layer.abandoned];
      },
      optionsOf(who, { does, other, ms, pick }) {
        if (!other || pick < 4 || does === "ready") return {};
        const deadline = clock.now() + ms;
        model.deadlines.set(who, deadline);
        return { deadline };
      },
      timers: () => clock.pending === 0 || (clock.pending === 1 && !model.idle),
      idle: () => [0, 0, max, 0, layer.timedOut, 0],
      capacity: () => max,
    };
  });
}
