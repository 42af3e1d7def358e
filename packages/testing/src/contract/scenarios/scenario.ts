import type { Breach, PromiseNumber, Sentence } from "../promises/promises.ts";
import { mostMeasured } from "../driver/most-measured.ts";
import type { RejectionWatch } from "../driver/rejection-watch.ts";
import type { Subject } from "../driver/subject.ts";
import { World, type WorldOptions } from "../driver/harness.ts";

/** What is known of a layer before it is checked. */
export interface Profile {
  readonly subject: Required<Subject>;
  readonly rejections: RejectionWatch;
}

/** What came of looking at some promises: how they were broken, why they do not apply, what else is to be known. */
export interface Observation {
  readonly breaches: readonly Breach[];
  readonly notApplicable?: Iterable<readonly [PromiseNumber, string]>;
  readonly remark?: readonly [PromiseNumber, string] | undefined;
}

/** A promise looked at in a way that is always the same, because chance would seldom come by. */
export type Scenario = (profile: Profile) => Promise<Observation>;

/** Nothing was seen. */
export const nothingSeen: Observation = { breaches: [] };

export function notApplicable(number: PromiseNumber, why: string): Observation {
  return { breaches: [], notApplicable: [[number, why]] };
}

/** Runs something in a world of its own, and puts the globals back. Answers with what was seen broken. */
export async function inWorld(
  subject: Subject,
  run: (world: World) => Promise<void>,
  options?: WorldOptions,
): Promise<readonly Breach[]> {
  const world = new World(subject, options);
  try {
    await run(world);
  } finally {
    world.stop();
  }
  return world.chronicle.breaches;
}

/**
 * Whether the layer can be used again, after as long as it may take: a limit is free again, a rate has come back, a breaker has
 * closed, because time has passed or because calls succeed.
 */
export async function recovers(world: World, isBack: () => Promise<boolean>): Promise<boolean> {
  if (await isBack()) return true;
  for (const ms of [1_000, 60_000, 3_600_000, 86_400_000]) {
    await world.advance(ms);
    if (await isBack()) return true;
    world.callers.call(world.subject.requests[0]);
    await world.finish();
    if (await isBack()) return true;
  }
  return false;
}

/** Whether as much can be reserved as at first, now or later; says so where it cannot. */
export async function lookForLoss(world: World, sentence: Sentence): Promise<void> {
  const { capacity = 0 } = world.subject;
  world.clockStandsStill = false;
  const lines = [...world.chronicle.lines];
  const isBack = async (): Promise<boolean> => (await world.capacity(mostMeasured)) >= capacity;
  const back = await recovers(world, isBack);
  world.lookInside();
  if (back) return;
  world.chronicle.broken(sentence, `of a capacity of ${capacity} some is lost for good`, lines);
}
