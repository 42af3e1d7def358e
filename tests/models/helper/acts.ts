import { OverloadedError } from "@sluice/core";
import { Reason } from "./innermost.ts";
import type { Caller } from "./callers.ts";
import type { Job } from "./innermost.ts";
import type { Play } from "./play.ts";
import type { Step } from "./schedule.ts";

/** An action on the real layer, and on the model where there is one. */
export type Act = (step: Step, play: Play) => void;

/** One of them, chosen by the step. */
function one<T>(from: readonly T[], { pick }: Step): T | undefined {
  return from[pick % Math.max(from.length, 1)];
}

/** Whether a newcomer shares the signal of the caller before it. */
function shares({ ms }: Step): boolean {
  return ms > 9;
}

/** A caller with a permit in hand. */
function holder(step: Step, { callers }: Play): Caller | undefined {
  return one(
    callers.all.filter(({ state }) => state === "holds"),
    step,
  );
}

function job(step: Step, { innermost }: Play, wanted: (job: Job) => boolean): Job | undefined {
  return one(innermost.jobs.filter(wanted), step);
}

const call: Act = (step, { callers, model, trial }) => {
  const each = callers.add(shares(step));
  callers.call(each, trial.optionsOf?.(each.who, step));
  model?.call(each.who);
};

/** Answers with a failure or a response. */
const answer =
  (responds: boolean): Act =>
  (step, play) => {
    const { innermost, model, trial } = play;
    const found = job(step, play, ({ answered }) => !answered);
    if (found === undefined) return;
    const withBody = responds && step.other && trial.until === true;
    if (responds) innermost.respond(found, withBody);
    else innermost.fail(found);
    model?.answer(play.modelled(found, model), responds ? "answered" : "failed", withBody);
  };

/** A caller aborts, and with it all callers with the same signal. */
export function giveUp(each: Caller, play: Play, reason: Error = new Reason(each.who, "aborted")): void {
  if (each.abort.signal.aborted) return;
  each.abort.abort(reason);
  const together = play.callers.all.filter(({ abort }) => abort === each.abort);
  for (const { who } of together) play.model?.abort(who);
  // The order of their notifications is not promised.
  play.unsure ||= together.length > 1;
}

/** An outer timeout gives up on a caller. Returns the caller. */
export function timeOut(step: Step, play: Play): readonly number[] {
  const each = one(play.callers.all.slice(-8), step);
  if (each === undefined || each.abort.signal.aborted) return [];
  const together = play.callers.all.filter(({ abort }) => abort === each.abort).map(({ who }) => who);
  giveUp(each, play, Object.assign(new Error(`too long, ${each.who}`), { name: "TimeoutError" }));
  return together;
}

/** A permit is spent on a request of another key or route, or on another request of the same one. */
export const spendElsewhere: Act = (step, play) => {
  const each = holder(step, play);
  if (each === undefined) return;
  const request = each.who + 1_000 * (1 + (step.ms % 3));
  play.callers.spend(each, request);
  play.model?.spend(each.who, request);
};

/** The actions of most models. */
export const acts: Readonly<Record<string, Act>> = {
  call,

  callThatThrows(step, { callers, innermost, model }) {
    const each = callers.add(shares(step));
    innermost.throwsFor.add(each.who);
    callers.call(each);
    model?.call(each.who, true);
  },

  callAndForget(step, { callers, model }) {
    const each = callers.add(shares(step));
    callers.callAndForget(each);
    model?.call(each.who);
  },

  callAborted({ other }, { callers, model }) {
    const each = callers.add();
    each.abort.abort(new Reason(each.who, "aborted"));
    if (other) callers.call(each);
    else callers.ready(each, {});
    if (model !== undefined) model.states[each.who] = "aborted";
  },

  ready(step, { callers, model, trial }) {
    const each = callers.add(shares(step));
    const blind = trial.blind === true && step.other;
    callers.ready(each, { ...trial.optionsOf?.(each.who, step), request: blind ? undefined : each.who });
    model?.ready(each.who, blind);
  },

  tryReady(step, { callers, model, trial }) {
    const each = callers.add(shares(step));
    const blind = trial.blind === true && step.other;
    callers.tryReady(each, blind);
    model?.tryReady(each.who, blind);
  },

  using(step, { callers, model }) {
    const each = callers.add(shares(step));
    callers.tryReady(each, false);
    model?.tryReady(each.who);
    if (each.permit === undefined) return;
    using permit = each.permit;
    each.permit = permit;
    each.state = "released";
    if (step.other) {
      // They do not overtake earlier callers either.
      callers.calling.add(each.who);
      callers.spend(each);
      model?.spend(each.who);
    } else model?.release(each.who);
  },

  spend(step, play) {
    const each = holder(step, play);
    if (each === undefined) return;
    play.callers.spend(each);
    play.model?.spend(each.who);
  },

  spendAgain(step, { callers }) {
    const over = callers.all.filter(({ permit, state }) => permit !== undefined && state !== "holds");
    const each = one(over, step);
    if (each !== undefined) callers.spendAgain(each);
  },

  release(step, play) {
    const each = holder(step, play);
    if (each === undefined) return;
    each.permit?.release();
    each.state = "released";
    play.model?.release(each.who);
  },

  respond: answer(true),
  fail: answer(false),

  /** The work reports an overload. */
  refuse(step, play) {
    const found = job(step, play, ({ answered }) => !answered);
    if (found === undefined) return;
    play.innermost.fail(found, new OverloadedError("innermost"));
    play.model?.answer(play.modelled(found, play.model), "overloaded: innermost");
  },

  handUp(step, play) {
    const found = job(step, play, ({ answered, options }) => !answered && options.waitUntil !== undefined);
    if (found === undefined) return;
    play.innermost.handUp(found);
    play.model?.handUp(play.modelled(found, play.model));
  },

  endWork(step, play) {
    const found = job(step, play, ({ works }) => works.length > 0);
    if (found === undefined) return;
    play.innermost.endWork(found, step.other);
    play.model?.endWork(play.modelled(found, play.model));
  },

  abort(step, play) {
    const { all } = play.callers;
    // Of the latest callers: those that settled long ago are not interesting.
    const each = one(all.slice(-8), step);
    if (each !== undefined) giveUp(each, play);
  },

  failReadiness(_step, { innermost, model }) {
    innermost.failReadiness(new Reason(undefined, "not ready"));
    model?.failReadiness();
  },

  tick({ ms }, play) {
    play.tick(ms);
  },

  /** The timer is late, as after a blocked event loop. */
  jump({ ms }, play) {
    play.clock.jump(ms);
    play.model?.tick(ms, false);
    play.tick(play.clock.next ?? 0);
  },
};
