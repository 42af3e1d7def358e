import { circuitBreaker, type Verdict } from "@sluice/circuit-breaker";
import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { acts as usualActs } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { CircuitModel, type Shares } from "./helper/circuit-model.ts";
import { stuckAt } from "./helper/stuck.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/circuit-breaker.ts";

const shapes = fc.record({
  window: fc.constantFrom({ calls: 2 }, { calls: 4 }, { time: 20, buckets: 4 }, { time: 7, buckets: 3 }),
  failureRatio: fc.constantFrom(0.3, 0.5, 1),
  minimumCalls: fc.integer({ min: 1, max: 2 }),
  consecutive: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
  slowCall: fc.constantFrom(Number.POSITIVE_INFINITY, 2, 2, 6),
  slowRatio: fc.constantFrom(0.5, 1),
  probes: fc.integer({ min: 1, max: 3 }),
  waits: fc.constantFrom(true, true, false),
  grows: fc.boolean(),
  classifies: fc.boolean(),
  max: fc.constantFrom(1, 2, 5),
});
const weights = {
  ...usual,
  call: 8,
  fail: 6,
  tryReady: 3,
  failReadiness: 1,
  open: 1,
  close: 1,
  isolate: 1,
  inChange: 1,
  advance: 6,
  tick: 4,
  jump: 1,
};

/** Of four requests, some carry their own outcome. */
const classified: Shares = (outcome, request, elapsed, aborted) => {
  if (request % 4 === 0 || outcome === "answered") return Number.NaN;
  if (request % 4 === 1) return aborted ? Number.NaN : undefined;
  return request % 4 === 2 ? 0.5 : elapsed > 3 ? 1 : 0;
};

checkModel(
  "circuitBreaker around a limit",
  weights,
  shapes,
  (shape, { clock, innermost }) => {
    const { waits, grows, classifies, max, slowCall, slowRatio, ...rules } = shape;
    const breakFor = (nth: number): number => (grows ? Math.min(4 * 2 ** nth, 16) : 10);
    const middle = new InTheMiddle();
    const breaker = circuitBreaker<number>({
      ...rules,
      ...(slowCall < Number.POSITIVE_INFINITY && { slowCall, slowRatio }),
      breakFor: { next: (nth: unknown = 0) => ({ delay: breakFor(nth as number), state: (nth as number) + 1 }) },
      whenOpen: waits ? "wait" : "refuse",
      ...(classifies && {
        classify({ status }, { request, elapsed, aborted }): Verdict | undefined {
          middle.asked();
          const share = classified(status === "fulfilled" ? "answered" : "failed", request, elapsed, aborted);
          return share === undefined ? "ignore" : Number.isNaN(share) ? undefined : share;
        },
      }),
      onChange: middle.asked,
      clock,
    });
    const limit = concurrencyLimit(max, { clock });
    const service = breaker.wrap(limit.wrap(innermost));
    const shares = classifies ? classified : (): number => Number.NaN;
    const model = new CircuitModel({ ...rules, slowCall, slowRatio, waits, breakFor }, max, shares);
    innermost.most = max;
    const states = ["closed", "open", "half-open", "isolated"];
    const acts: NonNullable<Trial["acts"]> = {
      ...usualActs,
      open({ other, ms }, play) {
        breaker.open(other ? ms : undefined);
        if (play.model !== undefined) model.circuit.open(other ? ms : undefined);
      },
      close(_step, play) {
        breaker.close();
        if (play.model !== undefined) model.circuit.close();
      },
      isolate(_step, play) {
        breaker.isolate();
        if (play.model !== undefined) model.circuit.isolate();
      },
      inChange(step, play) {
        middle.add(acts, ["open", "close", "isolate", "call", "abort", "release", "tryReady"], step, play);
      },
    };
    return {
      model,
      serviceFor: () => service,
      lineOf: (who) => (middle.callers.has(who) ? who : -1),
      counters() {
        const { state, calls, failures, slow, opened, refused, retryAfter = -1 } = breaker;
        const { active, waiting, available, oldest } = limit;
        const inside = [active, waiting, available, oldest];
        const counted = [calls, failures, slow, breaker.active, breaker.waiting, opened, refused];
        return [states.indexOf(state), ...counted, retryAfter, ...inside];
      },
      optionsOf(who, { other, ms, pick }) {
        if (!other || pick < 6) return {};
        const deadline = clock.now() + ms;
        model.circuit.deadlines.set(who, deadline);
        return { deadline };
      },
      timers: () => clock.pending === (model.circuit.armed ? 1 : 0),
      acts,
      wrong: () =>
        breaker.state === "closed" && breaker.waiting > 0
          ? `${breaker.waiting} wait at a closed circuit.`
          : stuckAt(limit),
      open() {
        middle.end();
        innermost.throwsFor.clear();
        breaker.close();
        // All begin immediately, so that none is slow.
        innermost.most = Number.POSITIVE_INFINITY;
        limit.max = 1_000;
      },
      idle() {
        const { calls, failures, slow, opened, refused } = breaker;
        return [0, calls, failures, slow, 0, 0, opened, refused, -1, 0, 0, 1_000, 0];
      },
      capacity: () => 5,
    };
  },
  kept,
);
