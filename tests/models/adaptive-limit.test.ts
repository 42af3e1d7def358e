import {
  adaptiveLimit,
  aimd,
  type Classification,
  type LimitAlgorithm,
  type LimitSample,
} from "@sluice/adaptive-limit";
import * as fc from "fast-check";
import { acts as usualActs, timeOut } from "./helper/acts.ts";
import { AdaptiveModel, type AdaptiveRules, type Says } from "./helper/adaptive-model.ts";
import { checkModel } from "./helper/check-model.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import { stuckAt } from "./helper/stuck.ts";
import type { Trial } from "./helper/trial.ts";

const shapes = fc.record({
  initial: fc.integer({ min: 2, max: 3 }),
  min: fc.integer({ min: 1, max: 2 }),
  max: fc.integer({ min: 3, max: 5 }),
  window: fc.option(
    fc.record({
      time: fc.constantFrom(10, 10, 25),
      samples: fc.integer({ min: 1, max: 4 }),
      quantile: fc.constantFrom(undefined, undefined, 0.5, 0.9),
    }),
    { nil: undefined, freq: 4 },
  ),
  /** The algorithm: `aimd`, or one that goes up and down by itself. */
  wanders: fc.boolean(),
  classifies: fc.boolean(),
});
const weights = {
  ...usual,
  call: 8,
  respond: 7,
  refuse: 3,
  timeOut: 2,
  handUp: 2,
  endWork: 2,
  failReadiness: 1,
  inLimit: 1,
  advance: 6,
  tick: 3,
};

const backoff = 0.5;
const tooLong = 15;

/** Of four requests, some carry their own outcome. */
const classified: Says = (how, request, aborted) => {
  if (request % 4 < 2) return how === "answered" ? "success" : "ignore";
  return aborted || request % 4 === 2 ? "ignore" : "dropped";
};

checkModel("adaptiveLimit", weights, shapes, (shape, { clock, innermost }) => {
  const { initial, min, max, window, wanders, classifies } = shape;
  const middle = new InTheMiddle();
  const within = (limit: number): number => Math.min(Math.max(limit, min), max);
  const next: AdaptiveRules["next"] = ({ rtt, inflight, dropped }, limit, nth) => {
    if (wanders) return min + (((nth * 7 + Math.floor(rtt) + inflight) % 9) / 8) * (max - min);
    if (dropped || rtt > tooLong) return within(Math.floor(limit * backoff));
    return within(inflight >= limit / 2 ? limit + 1 : limit);
  };
  const samples: LimitSample[] = [];
  const bounds = { initial, min, max };
  const found = aimd({ ...bounds, backoff, timeout: tooLong });
  const algorithm: LimitAlgorithm = {
    ...bounds,
    limit: initial,
    eachSample: true,
    sample(sample) {
      middle.asked();
      samples.push(sample);
      return wanders ? next(sample, layer.limit, samples.length - 1) : found.sample(sample);
    },
  };
  const layer = adaptiveLimit<number>(algorithm, {
    window: window ?? false,
    ...(classifies && {
      classify({ status }, { request, aborted }): Classification {
        middle.asked();
        return classified(status === "fulfilled" ? "answered" : "failed", request, aborted)!;
      },
    }),
    clock,
  });
  const service = layer.wrap(innermost);
  const model = new AdaptiveModel({ ...bounds, window, next }, classifies ? classified : (): undefined => undefined);
  innermost.most = max;
  const acts: NonNullable<Trial["acts"]> = {
    ...usualActs,
    timeOut(step, play) {
      for (const who of timeOut(step, play)) model.timedOut.add(who);
    },
    inLimit(step, play) {
      middle.add(acts, ["abort", "release", "respond", "call", "tryReady", "refuse", "spend"], step, play);
    },
  };
  return {
    model,
    serviceFor: () => service,
    lineOf: (who) => (middle.callers.has(who) ? who : -1),
    counters: () => [layer.limit, layer.active, layer.waiting, layer.available, layer.oldest, layer.rtt ?? -1],
    timers: () => clock.pending === 0,
    acts,
    wrong() {
      if (layer.limit < min || layer.limit > max) return `The limit is ${layer.limit}.`;
      return stuckAt(layer);
    },
    amiss() {
      const [real, expected] = [samples, model.samples].map((each) => each.map(written).join("; "));
      return real === expected ? undefined : `The algorithm was told ${real}, and in the model ${expected}.`;
    },
    open() {
      middle.end();
    },
    idle: () => [layer.limit, 0, 0, layer.limit, 0, layer.rtt ?? -1],
    capacity: () => layer.limit,
  };
});

/** The errors are rounded differently. */
function written({ error, ...rest }: LimitSample): string {
  return JSON.stringify({ ...rest, error: error.toFixed(6) });
}
