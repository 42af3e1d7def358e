import { concurrencyLimit } from "@sluice/limit";
import { throttle, type ThrottleVerdict } from "@sluice/throttle";
import * as fc from "fast-check";
import { acts as usualActs } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import { stuckAt } from "./helper/stuck.ts";
import { ThrottleModel, type ThrottleShape, type VerdictOn } from "./helper/throttle-model.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/throttle.ts";

const shapes: fc.Arbitrary<ThrottleShape> = fc.record({
  k: fc.constantFrom(1.1, 1.5, 2, 4),
  window: fc.constantFrom(7, 20, 100),
  minimumPerSecond: fc.constantFrom(0, 0, 100),
  max: fc.constantFrom(0.5, 0.9, 0.99),
  dice: fc.constantFrom(false, false, true),
  classifies: fc.boolean(),
  room: fc.constantFrom(1, 2, 5),
});
const weights = {
  ...usual,
  call: 8,
  ready: 4,
  tryReady: 4,
  release: 3,
  refuse: 8,
  failReadiness: 1,
  inThrottle: 1,
  advance: 2,
  tick: 3,
};

/** Of four requests, some carry their own outcome. */
const classified: VerdictOn = (how, request, aborted) => {
  if (request % 4 === 0) return undefined;
  if (how === "answered") return request % 4 === 1 ? "refused" : "accepted";
  return aborted || request % 4 === 2 ? "ignore" : "refused";
};

checkModel(
  "throttle around a limit",
  weights,
  shapes,
  (shape, { clock, innermost }) => {
    const { dice, classifies, room, ...rules } = shape;
    const middle = new InTheMiddle();
    let atRest = false;
    const diced = (nth: number): number => (nth * 0.37) % 1;
    let thrown = 0;
    const layer = throttle<number>({
      ...rules,
      ...(classifies && {
        classify({ status }, { request, aborted }): ThrottleVerdict | undefined {
          middle.asked();
          return atRest ? undefined : classified(status === "fulfilled" ? "answered" : "failed", request, aborted);
        },
      }),
      ...(dice && {
        random() {
          const drawn = diced(thrown++);
          middle.asked();
          return drawn;
        },
      }),
      clock,
    });
    const limit = concurrencyLimit(room, { clock });
    const service = layer.wrap(limit.wrap(innermost));
    const model = new ThrottleModel(
      { ...rules, dice: dice ? diced : undefined },
      room,
      classifies ? classified : (): undefined => undefined,
    );
    innermost.most = room;
    const acts: NonNullable<Trial["acts"]> = {
      ...usualActs,
      inThrottle(step, play) {
        middle.add(acts, ["abort", "release", "respond", "call", "tryReady", "refuse", "spend"], step, play);
      },
    };
    return {
      model,
      serviceFor: () => service,
      lineOf: (who) => (middle.callers.has(who) ? who : -1),
      counters() {
        const { active, waiting, available, oldest } = limit;
        const { requests, accepts, probability, refused } = layer;
        return [requests, accepts, probability, layer.active, refused, active, waiting, available, oldest];
      },
      timers: () => clock.pending === 0,
      acts,
      wrong: () => stuckAt(limit),
      open() {
        middle.end();
        atRest = true;
        // The refusals are forgotten.
        void clock.advance(rules.window);
      },
      idle() {
        const { requests, accepts, probability, refused } = layer;
        return [requests, accepts, probability, 0, refused, 0, 0, room, 0];
      },
      capacity: () => room,
    };
  },
  kept,
);
