import { hedge } from "@sluice/hedge";
import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { acts as usualActs } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { HedgeModel } from "./helper/hedge-model.ts";
import type { Play } from "./helper/play.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import { stuckAt } from "./helper/stuck.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/hedge.ts";

const shapes = fc.record({
  max: fc.integer({ min: 1, max: 4 }),
  attempts: fc.integer({ min: 2, max: 4 }),
  delay: fc.constantFrom(1, 2, 5),
  /** Whether there is also an outer limit, which counts the callers. */
  outside: fc.boolean(),
});
const weights = { ...usual, fail: 4, handUp: 2, failReadiness: 1, inHedge: 1, advance: 7, tick: 5, jump: 1 };

/** One request in four is not sent twice. */
const hedges = (request: number): boolean => request % 4 !== 3;

/** An attempt goes on, and its signal does not abort with its caller's. */
function untold({ callers, innermost }: Play): string | undefined {
  const found = innermost.jobs.find(
    ({ who, answered, options }) =>
      !answered && callers.all[who]!.abort.signal.aborted && options.signal?.aborted !== true,
  );
  return found && `${found.who} has given up, and an attempt was not told.`;
}

checkModel(
  "hedge around a limit",
  weights,
  shapes,
  ({ max, attempts, delay, outside }, { clock, innermost }) => {
    const middle = new InTheMiddle();
    const layer = hedge<number>({
      delay() {
        middle.asked();
        return delay;
      },
      attempts,
      hedgeIf(request) {
        middle.asked();
        return hedges(request);
      },
      cloneRequest(request) {
        middle.asked();
        return request;
      },
      clock,
    });
    const limit = concurrencyLimit(max, { clock });
    const callers = concurrencyLimit(1_000, { clock });
    const hedged = layer.wrap(limit.wrap(innermost));
    const service = outside ? callers.wrap(hedged) : hedged;
    const model = new HedgeModel({ max, attempts, delay, outside, hedges });
    innermost.most = max;
    const acts: NonNullable<Trial["acts"]> = {
      ...usualActs,
      inHedge(step, play) {
        middle.add(acts, ["abort", "release", "respond", "call", "fail", "spend"], step, play);
      },
    };
    return {
      model,
      repeats: true,
      serviceFor: () => service,
      counters() {
        const { active, waiting, available, oldest } = limit;
        return [active, waiting, available, oldest, layer.hedges, layer.wins, layer.skipped, layer.abandoned];
      },
      amiss() {
        if (!outside || callers.active === model.outside) return undefined;
        return `A limit outside counts ${callers.active}, and should ${model.outside}.`;
      },
      wrong: (play) => stuckAt(limit) ?? untold(play),
      optionsOf(who, { does, other, ms, pick }) {
        if (!other || pick < 5 || does === "ready") return {};
        const deadline = clock.now() + ms;
        model.deadlines.set(who, deadline);
        return { deadline };
      },
      timers: () => clock.pending === 0 || (clock.pending === 1 && model.armed),
      acts,
      open() {
        middle.end();
      },
      idle: () => [0, 0, max, 0, layer.hedges, layer.wins, layer.skipped, 0],
      capacity: () => max,
    };
  },
  kept,
);
