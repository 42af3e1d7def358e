import { middleware, type Service } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { reconnect } from "@sluice/reconnect";
import * as fc from "fast-check";
import { acts as usualActs } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import { type Answer, caller, Reason } from "./helper/innermost.ts";
import type { AttemptKind } from "./helper/plain-connector.ts";
import { ReconnectModel, type ReconnectShape } from "./helper/reconnect-model.ts";
import { InTheMiddle } from "./helper/in-the-middle.ts";
import { usual } from "./helper/schedule.ts";
import { stuckAt } from "./helper/stuck.ts";
import type { Trial } from "./helper/trial.ts";
import { kept } from "./kept/reconnect.ts";

const kinds = fc.constantFrom<AttemptKind>("waits", "waits", "waits", "at once", "throws");
const shapes: fc.Arbitrary<ReconnectShape> = fc.record({
  max: fc.constantFrom(1, 2, 5),
  attempts: fc.array(kinds, { minLength: 1, maxLength: 4 }),
  delay: fc.constantFrom(0, 3, 8),
  grows: fc.boolean(),
  /** Whether a failure of readiness shows that the connection is broken. */
  notReadyBreaks: fc.boolean(),
});
const weights = {
  ...usual,
  call: 8,
  ready: 4,
  fail: 5,
  failReadiness: 2,
  connects: 8,
  connectionFails: 3,
  inReconnect: 1,
  advance: 5,
  tick: 3,
  jump: 1,
};

/** The current attempt. */
interface Attempt {
  readonly resolve: (service: Service<number, Answer>) => void;
  readonly reject: (reason: Reason) => void;
}

checkModel(
  "reconnect around limits",
  weights,
  shapes,
  (shape, { clock, innermost }) => {
    const { max, attempts, grows, notReadyBreaks } = shape;
    const middle = new InTheMiddle();
    let atRest = false;
    const kindOf = (nth: number): AttemptKind => attempts[nth % attempts.length]!;
    const delayOf = (nth: number): number => (grows ? Math.min(shape.delay * 2 ** nth, 20) : shape.delay);
    const breaks = (how: string, request: number): boolean =>
      how === "not ready" ? notReadyBreaks : request % 3 === 0;
    let attempt: Attempt | undefined;
    const limits: ReturnType<typeof concurrencyLimit>[] = [];
    const closed: unknown[] = [];
    const made: Service<number, Answer>[] = [];
    const states: string[] = [];
    /** The connection on which each call began. */
    const servedBy = new Map<number, number>();

    const connection = (): Service<number, Answer> => {
      const nth = made.length;
      const limit = concurrencyLimit(max, { clock });
      const counted = middleware("counted", (request: number, next, options) => {
        servedBy.set(request, nth);
        return next(request, options);
      });
      limits.push(limit);
      const service = limit.wrap(counted.wrap(innermost));
      made.push(service);
      return service;
    };
    const refused = (): Reason => new Reason(undefined, "no connection");
    const service = reconnect<Service<number, Answer>>(
      () => {
        const kind = atRest ? "at once" : kindOf(service.attempts - 1);
        middle.asked();
        if (kind === "at once") return connection();
        if (kind === "throws") throw refused();
        return new Promise((resolve, reject) => {
          attempt = { resolve, reject };
        });
      },
      {
        isBroken(failure) {
          middle.asked();
          if (atRest || !(failure instanceof Reason)) return false;
          return breaks(failure.why, failure.who ?? 0);
        },
        backoff: {
          next(nth = 0) {
            middle.asked();
            return { delay: delayOf(nth), state: nth + 1 };
          },
        },
        close(broken) {
          middle.asked();
          closed.push(made.indexOf(broken));
        },
        onChange({ to }) {
          states.push(to);
          middle.asked();
        },
        clock,
      },
    );
    const model = new ReconnectModel({ max, attempt: kindOf, delay: delayOf }, breaks);
    innermost.most = Number.POSITIVE_INFINITY;
    /** Ends the current attempt. Returns whether there was one. */
    const end = (well: boolean): boolean => {
      const ended = attempt;
      attempt = undefined;
      if (well) ended?.resolve(connection());
      else ended?.reject(refused());
      return ended !== undefined;
    };
    const acts: NonNullable<Trial["acts"]> = {
      ...usualActs,
      connects(_step, play) {
        if (end(true) && play.model !== undefined) model.connector.end(true);
      },
      connectionFails(_step, play) {
        if (end(false) && play.model !== undefined) model.connector.end(false);
      },
      inReconnect(step, play) {
        middle.add(acts, ["abort", "release", "respond", "call", "tryReady", "connects", "fail", "ready"], step, play);
      },
    };
    const counters = (): readonly number[] => {
      const { state, active, waiting, failures, retryAfter = -1 } = service;
      const nth = ["idle", "connecting", "connected", "backing-off"].indexOf(state);
      // A new connection counts from the end of its attempt.
      const inside = limits.slice(0, states.filter((each) => each === "connected").length);
      const counts = inside.flatMap((limit) => [limit.active, limit.waiting]);
      return [nth, active, waiting, service.attempts, failures, service.breaks, retryAfter, ...counts];
    };
    return {
      model,
      serviceFor: () => service,
      lineOf: (who) => (middle.callers.has(who) ? `nested ${who}` : servedBy.get(who)),
      counters,
      optionsOf(who, { other, ms, pick }) {
        if (!other || pick < 6) return {};
        const deadline = clock.now() + ms;
        model.connector.deadlines.set(who, deadline);
        return { deadline };
      },
      timers: () => clock.pending === (model.connector.armed ? 1 : 0),
      acts,
      wrong() {
        if (service.waiting > 0 && service.state === "connected") return `${service.waiting} wait for a connection.`;
        if (service.waiting > 0 && service.state === "idle") return `${service.waiting} wait, and nobody connects.`;
        return stuckAt(...limits);
      },
      amiss() {
        const { failure } = service;
        const failed = failure instanceof Reason ? [failure.why, failure.who ?? []].flat().join(" ") : undefined;
        const began = innermost.jobs.map(({ who }) => `${who} by ${servedBy.get(who)}`);
        const { connector } = model;
        const real = [failed, states, closed, began.sort()].join("; ");
        const expected = [connector.failure, connector.states, connector.closed, [...model.servedBy].sort()].join("; ");
        return real === expected ? undefined : `Seen ${real}, and in the model ${expected}.`;
      },
      open() {
        middle.end();
        atRest = true;
        end(true);
        // So that there is a connection at the end.
        void caller.run(-1, () => service.ready()).then((permit) => permit.release());
      },
      idle: () => [2, 0, 0, service.attempts, service.failures, service.breaks, -1, ...limits.flatMap(() => [0, 0])],
      capacity: () => max,
      fault() {
        if (closed.length === service.breaks && new Set(closed).size === closed.length) return undefined;
        return `${service.breaks} broke, and these were closed: ${closed.join()}.`;
      },
    };
  },
  kept,
);
