import type { Service } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import type { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest } from "@sluice/util";
import * as fc from "fast-check";
import { routed } from "../test/helper/routed.ts";
import { checkModel } from "./helper/check-model.ts";
import type { Answer } from "./helper/innermost.ts";
import { LinesModel } from "./helper/lines-model.ts";
import { type News, PlainGate } from "./helper/plain-gate.ts";
import { PlainRate } from "./helper/plain-rate.ts";
import { usual } from "./helper/schedule.ts";

/** A gate: a concurrency limit, or a rate, where there is an `each`. */
const gates = fc.record({ max: fc.integer({ min: 1, max: 3 }), each: fc.constantFrom(0, 0, 1, 2, 4) });
type Rules = typeof gates extends fc.Arbitrary<infer R> ? R : never;

function real({ max, each }: Rules, clock: VirtualClock) {
  return each === 0 ? concurrencyLimit(max, { clock }) : rateLimit({ limit: max, interval: max * each, clock });
}

function plain({ max, each }: Rules, news: News): PlainGate {
  if (each === 0) return new PlainGate(max, news);
  return new PlainRate({ limit: max, interval: max * each, burst: max }, "sliding-window", news);
}

/** The layers between the gates change nothing. */
function passing(clock: VirtualClock) {
  return [trace({ clock }), mapRequest((request: number) => request), routed(), timeout({ ready: 2_000, clock })];
}

for (const [name, count] of [
  ["two gates in a row", 2],
  ["three gates in a row", 3],
] as const) {
  const shapes = fc.array(gates, { minLength: count, maxLength: count });
  checkModel(name, { ...usual, failReadiness: 1, max: 2, advance: 3 }, shapes, (rules, { clock, innermost }) => {
    const layers = rules.map((each) => real(each, clock));
    const between = passing(clock);
    const service = layers.reduceRight<Service<number, Answer>>(
      (inner, layer, nth) => layer.wrap(between[(nth + rules[0]!.max) % between.length]!.wrap(inner)),
      innermost,
    );
    const model = new LinesModel((news) => rules.map((each) => plain(each, news)));
    const highest = rules.map(({ max, each }) => (each === 0 ? max : Number.POSITIVE_INFINITY));
    innermost.most = Math.min(...highest);
    const setMax = (nth: number, max: number): void => {
      const layer = layers[nth]!;
      if (!("max" in layer)) return;
      highest[nth] = Math.max(highest[nth]!, max);
      innermost.most = Math.min(...highest);
      layer.max = max;
      model.gates[nth]!.max = max;
      model.gates[nth]!.serve();
    };
    return {
      model,
      serviceFor: () => service,
      counters: () => layers.flatMap((layer) => [layer.active, layer.waiting, layer.available, layer.oldest]),
      acts: { max: ({ pick, ms }) => setMax(pick % count, ms % 4) },
      open: () => layers.forEach((_layer, nth) => setMax(nth, 4)),
      idle: () => rules.flatMap(({ max, each }) => [0, 0, each === 0 ? 4 : max, 0]),
      capacity: () => Math.min(...rules.map(({ max, each }) => (each === 0 ? 4 : max))),
    };
  });
}
