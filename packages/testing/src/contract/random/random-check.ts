import { asyncProperty, check } from "fast-check";
import { inHarness } from "../driver/harness.ts";
import { nameOf } from "../driver/name-of.ts";
import { checkForLoss } from "../driver/recovery.ts";
import type { Subject } from "../driver/subject.ts";
import { type Breach, breachOf, numberOf } from "../promises/breach.ts";
import type { PromiseNumber } from "../promises/promises.ts";
import type { Profile } from "../scenarios/scenario.ts";
import { perform, type Schedule, schedules } from "./schedule.ts";

/** The results of the random schedules. */
export interface RandomFindings {
  /** For each promise that was seen broken, the shortest schedule that was found. */
  readonly breaches: readonly Breach[];
  /** Promises that no schedule could break, because their situation never occurred. */
  readonly notApplicable: ReadonlyMap<PromiseNumber, string>;
}

/** What occurred in at least one of the schedules. */
class Coverage {
  permits = false;
  waited = false;
  arrived = false;
}

/** How many schedules are tried to shorten one that breaks a promise; most are short after a few dozen. */
const mostShrinks = 1_000;

/** Runs `runs` random schedules, the same ones for the same `seed`, and shortens those that break a promise. */
export async function checkAtRandom(
  profile: Profile,
  { runs, seed, path }: { readonly runs: number; readonly seed: number; readonly path: string | undefined },
): Promise<RandomFindings> {
  const all = schedules(profile.subject.warms || profile.subject.ready !== undefined);
  const coverage = new Coverage();
  const broken = new Map<PromiseNumber, Breach>();
  const parameters = path === undefined ? { numRuns: runs, seed } : { numRuns: 1, seed, path, endOnFailure: true };
  await check(
    asyncProperty(all, async (schedule) => {
      for (const breach of await run(profile, schedule, seed, coverage)) {
        if (!broken.has(numberOf(breach))) broken.set(numberOf(breach), breach);
      }
      // True even where a promise is broken, so that all schedules are run, for several promises may be broken. With a path there is one
      // schedule.
      return path === undefined;
    }),
    parameters,
  );

  const notApplicable = whatNeverHappened(profile.subject, coverage);
  if (path !== undefined) {
    return { breaches: Array.from(broken.values(), (breach) => ({ ...breach, path })), notApplicable };
  }
  const breaches: Breach[] = [];
  for (const [number, first] of broken) {
    // Again from the start, for this promise alone: each promise has its own shortest schedule.
    let shortest: Breach | undefined;
    let shrinks = 0;
    const { counterexamplePath } = await check(
      asyncProperty(all, async (schedule) => {
        if (shortest !== undefined && ++shrinks > mostShrinks) return true;
        const breach = (await run(profile, schedule, seed, coverage)).find((other) => numberOf(other) === number);
        shortest = breach ?? shortest;
        return breach === undefined;
      }),
      parameters,
    );
    // A breach that depends on more than the schedule may not occur again.
    breaches.push(shortest === undefined ? first : { ...shortest, path: counterexamplePath ?? undefined });
  }
  return { breaches, notApplicable };
}

/** Runs one schedule, ends everything that it began, and checks for leftovers. Returns the breaches. */
async function run(
  { subject, rejections }: Profile,
  schedule: Schedule,
  seed: number,
  coverage: Coverage,
): Promise<readonly Breach[]> {
  await rejections.take();
  let lines: readonly string[] = [];
  const breaches = await inHarness(
    subject,
    async (harness) => {
      const { clients, trace, inner } = harness;
      await perform(harness, schedule);
      coverage.permits ||= clients.held.length + clients.used.length > 0;
      coverage.waited ||= clients.waited;
      coverage.arrived ||= inner.arrivals.length > 0;
      ({ lines } = trace);
      const ended = await harness.finish();
      if (!ended) {
        harness.checkTimeUse();
        if (harness.clockStandsStill) {
          trace.broken("believed", "something never settles, although every timer that was set has fired");
        } else {
          const what = "something never settles, although everything inside was answered and time passed";
          trace.broken("returnedOnce", what);
        }
        return;
      }
      // While room is on its way, a timer may be armed.
      await harness.prepare();
      harness.checkLeftovers();
      // A timer that stays armed may arm itself again without end.
      if (harness.armed === 0) await checkForLoss(harness, "returnedOnce");
    },
    { foreign: schedule.foreign, cold: schedule.cold, seed },
  );
  const [unhandled] = await rejections.take();
  if (unhandled === undefined) return breaches;
  return [...breaches, breachOf("reported", `a rejection was left unhandled inside: ${nameOf(unhandled)}`, lines)];
}

function whatNeverHappened({ context }: Subject, { permits, waited, arrived }: Coverage): Map<PromiseNumber, string> {
  const excuses = new Map<PromiseNumber, string>();
  if (!permits) excuses.set(2, "nobody ever had a permit");
  if (!waited) excuses.set(4, "no caller ever had to wait for readiness");
  if (!arrived)
    for (const number of [6, 8, 10] as const) excuses.set(number, "no call ever reached the service inside");
  if (!context.known) excuses.set(8, "there is no AsyncLocalStorage here");
  return excuses;
}
