import { turn } from "@sluice/test-kit";
import type { Play } from "./play.ts";

/** More can be reserved than the check counts. */
const most = 5;

/** Serves all callers, and releases all permits. Nothing must be left then. */
export async function comeToRest(play: Play): Promise<void> {
  const { callers, clock, innermost, trial } = play;
  innermost.open();
  trial.open?.();
  for (let round = 0; round < 80; round++) {
    await turn();
    for (const each of callers.all) {
      if (each.state !== "holds") continue;
      each.permit?.release();
      each.state = "released";
    }
    for (const job of innermost.jobs) {
      if (!job.answered) innermost.respond(job, false);
      while (job.works.length > 0) innermost.endWork(job, false);
    }
    await turn();
    if (round > 1 && left(play).length === 0) break;
    void clock.advance(Math.min(clock.next ?? 20, 20));
  }
  const what = left(play);
  if (what.length > 0) throw new Error(`At rest there is left: ${what.join("; ")}.`);
  const fault = trial.fault?.();
  if (fault !== undefined) throw new Error(fault);
  refuseDisorder(play);
  await refuseLostCapacity(play);
}

/** Everything that is not at rest. */
function left({ callers, clock, innermost, trial }: Play): readonly string[] {
  const pending = callers.all.filter(({ state }) => state === "pending").map(({ who }) => who);
  const listening = callers.all.filter(({ abort }) => abort.listening > 0).map(({ who }) => who);
  const strange = callers.all.filter(({ state }) => state.startsWith("unexpected")).map(({ state }) => state);
  const counters = trial.counters().join();
  return [
    pending.length > 0 ? `callers ${pending.join()} have not settled` : "",
    listening.length > 0 ? `listeners on the signals of ${listening.join()}` : "",
    innermost.reserved > 0 ? `${innermost.reserved} reserved inside` : "",
    clock.pending > 0 ? `${clock.pending} timers` : "",
    counters === trial.idle().join() ? "" : `counters ${counters}`,
    ...strange,
  ].filter((each) => each !== "");
}

/** Callers begin in the order in which they called. */
function refuseDisorder({ callers, innermost, trial }: Play): void {
  const { lineOf = () => 0, repeats = false } = trial;
  const last = new Map<unknown, number>();
  for (const { who } of innermost.jobs) {
    if (!callers.calling.has(who)) continue;
    const before = last.get(lineOf(who)) ?? -1;
    if (before > who && !repeats) throw new Error(`${before} began before ${who}, who had asked before.`);
    last.set(lineOf(who), who);
  }
}

async function refuseLostCapacity({ callers, trial }: Play): Promise<void> {
  const newcomers = Array.from({ length: most }, () => callers.add());
  for (const each of newcomers) callers.tryReady(each, false);
  const reserved = newcomers.filter(({ permit }) => permit !== undefined).length;
  for (const { permit } of newcomers) permit?.release();
  const capacity = Math.min(trial.capacity(), most);
  if (reserved !== capacity) throw new Error(`At rest ${reserved} can be reserved, and not ${capacity}.`);
  if (trial.counters().join() !== trial.idle().join()) throw new Error("Permits are given back, and not all are back.");
  await turn();
}
