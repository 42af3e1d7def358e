import { Semaphore } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { acts as usualActs, spendElsewhere } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { KeyedModel } from "./helper/keyed-model.ts";
import { stuckAt } from "./helper/stuck.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/keyed.ts";

const shapes = fc.record({
  maxKeys: fc.integer({ min: 1, max: 3 }),
  shares: fc.boolean(),
  each: fc.constantFrom(1, 1, 2),
  max: fc.constantFrom(1, 3, 5),
});
const weights = { ...usual, ready: 4, tryReady: 3, spendElsewhere: 4, failReadiness: 1, inKey: 2 };

/** Four keys, and requests without one. */
const keyOf = (request: number): number | undefined => {
  const key = (request + Math.floor(request / 1_000)) % 5;
  return key === 4 ? undefined : key;
};

checkModel(
  "keyed semaphores around a limit",
  weights,
  shapes,
  (rules, { clock, innermost }) => {
    const middle = new InTheMiddle();
    let size: number = rules.each;
    const made: Semaphore[] = [];
    let shared: Semaphore | undefined;
    /** Callers at rest have one key. */
    let seen = 0;
    let rested = Number.POSITIVE_INFINITY;
    const layer = keyed<number, number>({
      key(request) {
        middle.asked();
        return request > rested ? 0 : keyOf(request);
      },
      gate(key: number | undefined) {
        middle.asked();
        const semaphore = new Semaphore(size, { clock });
        made.push(semaphore);
        if (key === undefined) shared = semaphore;
        return semaphore;
      },
      maxKeys: rules.maxKeys,
      whenFull: rules.shares ? "share" : "refuse",
    });
    const limit = concurrencyLimit(rules.max, { clock });
    const service = layer.wrap(limit.wrap(innermost));
    const model = new KeyedModel(rules, keyOf);
    innermost.most = rules.max;
    const acts: NonNullable<Trial["acts"]> = {
      ...usualActs,
      spendElsewhere,
      inKey(step, play) {
        middle.add(acts, ["abort", "release", "respond", "call", "spend", "tryReady"], step, play);
      },
    };
    return {
      model,
      blind: true,
      serviceFor(who) {
        seen = Math.max(seen, who);
        return service;
      },
      lineOf: keyOf,
      counters() {
        const own = [0, 1, 2, 3].map((key) => layer.get(key) as Semaphore | undefined);
        const sizes = [...own, shared, limit].flatMap((each) => [each?.active ?? -1, each?.waiting ?? -1]);
        return [layer.size, layer.evicted, layer.refused, ...sizes];
      },
      acts,
      wrong: () => stuckAt(limit, ...made),
      open() {
        middle.end();
        rested = seen;
        innermost.most = Number.POSITIVE_INFINITY;
        limit.max = size = 1_000;
        for (const semaphore of made) semaphore.max = 1_000;
      },
      idle() {
        const own = [0, 1, 2, 3].map((key) => layer.get(key));
        const sizes = [...own, shared, limit].flatMap((each) => (each === undefined ? [-1, -1] : [0, 0]));
        return [layer.size, layer.evicted, layer.refused, ...sizes];
      },
      capacity: () => 5,
      fault: () => (layer.size > rules.maxKeys ? `${layer.size} keys have a gate.` : undefined),
    };
  },
  kept,
);
