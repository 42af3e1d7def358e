import type { Breach } from "../promises/promises.ts";
import { mostMeasured } from "../driver/most-measured.ts";
import { inWorld, nothingSeen, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";
import type { World } from "../driver/harness.ts";

/**
 * A layer that is full, and whose capacity an answer frees, holds it until the call has settled. Then work that was handed up must hold it
 * too, and work that the layer itself has given up on.
 */
export const untilItSettles: Scenario = async ({ subject }) => {
  const { capacity, joins } = subject;
  if (joins || capacity === 0 || capacity >= mostMeasured) return nothingSeen;
  const usual = await freedBy(subject, ({ inside }) => {
    inside.inFlight.slice(0, 1).forEach((arrival) => inside.respond(arrival));
  });
  if (usual.freed <= 0) return nothingSeen;
  const handedUp = await freedBy(
    subject,
    ({ inside }) => {
      inside.inFlight.slice(0, 1).forEach((arrival) => inside.handUp(arrival));
    },
    { most: usual.freed, what: "there was room again while work that had been handed up with waitUntil went on" },
  );
  const givenUpOn = await freedBy(subject, waitForAnswers, {
    most: 1,
    what: "there was room again while work that had been given up on went on",
  });
  return { breaches: [...handedUp.breaches, ...givenUpOn.breaches] };
};

/** As many timers fire, and then a layer that gives up on work has done so. */
const patience = 10;

/** Lets time pass until somebody has an answer, though nothing inside has given one. */
async function waitForAnswers(world: World): Promise<void> {
  const { callers, clock } = world;
  for (let fired = 0; fired < patience && callers.errands.every(({ open }) => open); fired++) {
    const { next } = clock;
    if (next === undefined) return;
    await world.advance(next);
  }
}

/** How much is free after something that is more than before, when the layer is full of calls. It must be less than `most`. */
async function freedBy(
  subject: Required<Subject>,
  happens: (world: World) => void | Promise<void>,
  limit?: { readonly most: number; readonly what: string },
): Promise<{ readonly freed: number; readonly breaches: readonly Breach[] }> {
  let freed = 0;
  const breaches = await inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    world.takeAll();
    for (const held of callers.held) callers.spend(held);
    await world.settle();
    // Who has not been let in further yet may leave, and then has nothing going on.
    freed -= Math.max(callers.going.length - inside.inFlight.length, 0);
    freed -= await world.capacity(mostMeasured);
    await happens(world);
    await world.settle();
    freed += await world.capacity(mostMeasured);
    if (limit !== undefined && freed >= limit.most) chronicle.broken("untilSettled", limit.what);
    await world.finish();
  });
  return { freed, breaches };
}
