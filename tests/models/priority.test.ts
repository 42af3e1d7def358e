import { concurrencyLimit } from "@sluice/limit";
import { priorityLine } from "@sluice/priority";
import * as fc from "fast-check";
import { acts as usualActs } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { PriorityModel } from "./helper/priority-model.ts";
import { stuckAt } from "./helper/stuck.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/priority.ts";

const base = {
  max: fc.integer({ min: 1, max: 2 }),
  levels: fc.integer({ min: 1, max: 3 }),
  share: fc.constantFrom(0, 0.3, 0.5, 1),
  maxWaiting: fc.constantFrom(0, 1, 2, 4, Number.POSITIVE_INFINITY),
};
const always = { ...base, codel: fc.constant(undefined), order: fc.constant("fifo" as const) };
const controlled = {
  ...base,
  codel: fc.option(fc.record({ target: fc.constantFrom(1, 3), interval: fc.constantFrom(2, 8) }), {
    freq: 4,
    nil: undefined,
  }),
  order: fc.constantFrom("fifo" as const, "adaptive-lifo" as const),
};
const weights = { ...usual, call: 10, tryReady: 1, failReadiness: 1, max: 1, inPriority: 3 };

for (const [name, shapes, happens] of [
  ["priorityLine in a limit", fc.record(always), weights],
  ["priorityLine in a limit, with codel", fc.record(controlled), { ...weights, advance: 7, tick: 5, jump: 1 }],
] as const) {
  checkModel(
    name,
    happens,
    shapes,
    ({ max, ...rules }, { clock, innermost }) => {
      const middle = new InTheMiddle();
      const levelOf = (request: number): number => (request * 7 + 1) % rules.levels;
      const line = priorityLine<number>({
        ...rules,
        priority(request) {
          middle.asked();
          return levelOf(request);
        },
        clock,
      });
      const limit = concurrencyLimit(max, { line, clock });
      const service = limit.wrap(innermost);
      const model = new PriorityModel(max, rules, levelOf);
      innermost.most = max;
      const setMax = (next: number): void => {
        innermost.most = Math.max(innermost.most, next);
        limit.max = next;
        model.gate.max = next;
        model.gate.serve();
      };
      const acts: NonNullable<Trial["acts"]> = {
        ...usualActs,
        max: ({ pick }) => setMax(pick % 4),
        inPriority(step, play) {
          middle.add(acts, ["abort", "release", "respond", "call", "max"], step, play);
        },
      };
      const levels = (): readonly number[] =>
        line.levels.flatMap(({ waiting, granted, refused }) => [waiting, granted, refused]);
      return {
        model,
        blind: true,
        // The newest may be first.
        repeats: rules.order !== "fifo",
        lineOf: (who) => (middle.callers.has(who) ? who : -1 - levelOf(who)),
        serviceFor: () => service,
        counters: () => [limit.active, limit.waiting, limit.available, limit.oldest, ...levels()],
        wrong: () => stuckAt(limit),
        timers: () => clock.pending === 0 || (clock.pending === 1 && limit.waiting > 0 && rules.codel !== undefined),
        acts,
        open() {
          middle.end();
          setMax(6);
        },
        idle: () => [0, 0, 6, 0, ...line.levels.flatMap(({ granted, refused }) => [0, granted, refused])],
        capacity: () => 5,
      };
    },
    name === "priorityLine in a limit" ? kept : [],
  );
}
