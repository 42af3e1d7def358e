import { mostMeasured } from "./driver/most-measured.ts";
import { inWorld } from "./scenarios/scenario.ts";
import type { Subject } from "./driver/subject.ts";

/** Finds out whether a layer is ready though the service inside is not. */
export async function findAbsorbs(subject: Subject): Promise<boolean> {
  let absorbs = false;
  await inWorld(subject, async (world) => {
    world.inside.allow(0);
    absorbs = world.callers.tryReady(subject.requests[0]) !== undefined;
    await world.finish();
  });
  return absorbs;
}

/** Finds out how many can be reserved at once when nothing has happened yet, up to a few. */
export async function findCapacity(subject: Subject): Promise<number> {
  let capacity = 0;
  await inWorld(subject, async (world) => {
    capacity = await world.capacity(mostMeasured);
  });
  return capacity;
}

/** Finds out whether a layer that has no room for itself asks the service inside all the same. */
export async function findJoins(subject: Subject): Promise<boolean> {
  let joins = false;
  await inWorld(subject, async (world) => {
    world.takeAll();
    const { asked } = world.inside;
    joins = world.callers.tryReady(subject.requests[0]) === undefined && world.inside.asked > asked;
    await world.finish();
  });
  return joins;
}
