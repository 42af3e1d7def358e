import type { Breach, PromiseNumber } from "../contract-promise.ts";
import type { RejectionWatch } from "./rejection-watch.ts";
import type { Subject } from "./subject.ts";
import { World, type WorldOptions } from "./world.ts";

/** What is known of a layer before it is checked. */
export interface Profile {
  readonly subject: Required<Subject>;
  readonly rejections: RejectionWatch;
}

/** What came of looking at a promise: how it was broken, or why it does not apply. */
export interface Observation {
  readonly breaches: readonly Breach[];
  readonly notApplicable?: string;
}

/** A promise looked at in a way that is always the same, because chance would seldom come by. */
export interface Scenario {
  readonly number: PromiseNumber;
  readonly observe: (profile: Profile) => Promise<Observation>;
}

export function notApplicable(why: string): Observation {
  return { breaches: [], notApplicable: why };
}

/** Whoever can reserve as many is taken to have no limit. */
export const mostMeasured = 6;

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
export async function lookForLoss(world: World, number: PromiseNumber): Promise<void> {
  const { capacity = 0 } = world.subject;
  const lines = [...world.chronicle.lines];
  const isBack = async (): Promise<boolean> => (await world.capacity(mostMeasured)) >= capacity;
  if (await recovers(world, isBack)) return;
  world.chronicle.broken(number, `of a capacity of ${capacity} some is lost for good`, lines);
}
