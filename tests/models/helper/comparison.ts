import type { Model } from "./model.ts";
import type { Play } from "./play.ts";

/** @throws Error when a counter differs from the model's */
export function compareCounters({ trial }: Play, model: Model): void {
  const [real, expected] = [trial.counters().join(), model.counters().join()];
  if (real !== expected) throw new Error(`The counters are ${real}, and the model's ${expected}.`);
}

/** @throws Error when callers or the innermost service see something else than the model says, between two turns */
export function compareAll(play: Play, model: Model): void {
  const { callers, innermost, trial } = play;
  compareCounters(play, model);
  for (const { who, state, forgotten } of callers.all) {
    if (state !== model.states[who] && forgotten === undefined) {
      throw new Error(`${who} is ${state}, and in the model ${model.states[who]}.`);
    }
  }
  const [real, expected] = [innermost.jobs.map(({ who }) => who), model.jobs.map(({ request }) => request)];
  if (byLine(play, real) !== byLine(play, expected)) {
    throw new Error(`These began: ${real.join()}; and in the model: ${expected.join()}.`);
  }
  for (const job of innermost.jobs) {
    const { answered, options, who, works } = job;
    const told = options.signal?.aborted === true;
    if ((!answered || works.length > 0) && told !== model.signalled(play.modelled(job, model))) {
      throw new Error(`The signal for ${who} is ${told ? "" : "not "}aborted, and should ${told ? "not " : ""}be.`);
    }
  }
  const amiss = trial.amiss?.();
  if (amiss !== undefined) throw new Error(amiss);
  if (trial.timers?.() === false) throw new Error("A timer is armed, and nobody needs it.");
}

/** Requests in the order in which they began, for each line, since there is no order between lines. */
function byLine({ callers, trial: { lineOf } }: Play, requests: readonly number[]): string {
  if (lineOf === undefined) return requests.join();
  const lines = new Map<unknown, number[]>(callers.all.map(({ who }) => [lineOf(who), []]));
  for (const request of requests) lines.get(lineOf(request % 1_000))!.push(request);
  return [...lines.values()].join("; ");
}
