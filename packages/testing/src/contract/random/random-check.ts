import { type Breach, breachOf, numberOf, type PromiseNumber } from "../promises/promises.ts";
import { loadFastCheck } from "./fast-check.ts";
import { nameOf } from "../driver/name-of.ts";
import { inWorld, lookForLoss, type Profile } from "../scenarios/scenario.ts";
import { perform, type Schedule, schedules } from "./schedule.ts";
import type { Subject } from "../driver/subject.ts";

/** What came of trying random schedules. */
export interface RandomFindings {
  /** For each promise that was seen broken: how, by the shortest schedule that was found. */
  readonly breaches: readonly Breach[];
  /** Promises that no schedule could break, because what they are about never happened. */
  readonly notApplicable: ReadonlyMap<PromiseNumber, string>;
}

/** What has happened in any of the schedules. */
class Experience {
  permits = false;
  waited = false;
  arrived = false;
}

/** Shrinking ends here; it is long past the short ones. */
const mostShrinks = 1_000;

/** Tries `runs` random schedules, the same for the same `seed`, and shortens those that break a promise. */
export async function checkAtRandom(
  profile: Profile,
  { runs, seed, path }: { readonly runs: number; readonly seed: number; readonly path: string | undefined },
): Promise<RandomFindings> {
  const fastCheck = await loadFastCheck();
  const { asyncProperty, check } = fastCheck;
  const all = schedules(fastCheck);
  const experience = new Experience();
  const broken = new Map<PromiseNumber, Breach>();
  const parameters = path === undefined ? { numRuns: runs, seed } : { numRuns: 1, seed, path, endOnFailure: true };
  await check(
    asyncProperty(all, async (schedule) => {
      for (const breach of await run(profile, schedule, seed, experience)) {
        if (!broken.has(numberOf(breach))) broken.set(numberOf(breach), breach);
      }
      // A failure is the end of it.
      return path === undefined;
    }),
    parameters,
  );

  const notApplicable = whatNeverHappened(profile.subject, experience);
  if (path !== undefined) {
    return { breaches: Array.from(broken.values(), (breach) => ({ ...breach, path })), notApplicable };
  }
  const breaches: Breach[] = [];
  for (const [number, first] of broken) {
    // Again, for this promise alone: what is the shortest for one is not for another.
    let shortest: Breach | undefined;
    let shrinks = 0;
    const { counterexamplePath } = await check(
      asyncProperty(all, async (schedule) => {
        if (shortest !== undefined && ++shrinks > mostShrinks) return true;
        const breach = (await run(profile, schedule, seed, experience)).find((other) => numberOf(other) === number);
        shortest = breach ?? shortest;
        return breach === undefined;
      }),
      parameters,
    );
    // What depends on more than the schedule may not happen again.
    breaches.push(shortest === undefined ? first : { ...shortest, path: counterexamplePath ?? undefined });
  }
  return { breaches, notApplicable };
}

async function run(
  { subject, rejections }: Profile,
  schedule: Schedule,
  seed: number,
  experience: Experience,
): Promise<readonly Breach[]> {
  await rejections.take();
  let lines: readonly string[] = [];
  const breaches = await inWorld(
    subject,
    async (world) => {
      const { callers, chronicle, clock, inside } = world;
      await perform(world, schedule);
      experience.permits ||= callers.held.length + callers.used.length > 0;
      experience.waited ||= callers.waited;
      experience.arrived ||= inside.arrivals.length > 0;
      ({ lines } = chronicle);
      const toItsEnd = await world.finish();
      if (!toItsEnd) {
        world.lookAtTime();
        if (world.clockStandsStill) {
          chronicle.broken("believed", "something never settles, though every timer has fired that was set");
        } else {
          const what = "something never settles, though everything inside was answered and time passed";
          chronicle.broken("returnedOnce", what);
        }
        return;
      }
      world.lookAround();
      // Where timers stay armed, time would not come to an end.
      if (clock.pending === 0) await lookForLoss(world, "returnedOnce");
    },
    { foreign: schedule.foreign, seed },
  );
  const [unhandled] = await rejections.take();
  if (unhandled === undefined) return breaches;
  return [...breaches, breachOf("reported", `a rejection was left unhandled inside: ${nameOf(unhandled)}`, lines)];
}

function whatNeverHappened({ context }: Subject, { permits, waited, arrived }: Experience): Map<PromiseNumber, string> {
  const excuses = new Map<PromiseNumber, string>();
  if (!permits) excuses.set(2, "nobody ever had a permit");
  if (!waited) excuses.set(4, "nobody ever had to wait for readiness");
  if (!arrived)
    for (const number of [6, 8, 10] as const) excuses.set(number, "nothing ever reached the service inside");
  if (!context.known) excuses.set(8, "there is no AsyncLocalStorage here");
  return excuses;
}
