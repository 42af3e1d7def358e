import type { Breach } from "../promises/promises.ts";
import { mostMeasured } from "../driver/most-measured.ts";
import { inWorld, lookForLoss, notApplicable, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";

/** What is acquired first is given back last, also when the service inside refuses, fails, or is waited for in vain. */
export const allOrNothing: Scenario = async ({ subject }) => {
  const { absorbs, capacity, joins } = subject;
  if (absorbs) return notApplicable(9, "it is ready whether the service inside is or not");
  if (capacity === 0) return notApplicable(9, "it was never ready");
  const found = [await refusedInside(subject)];
  if (!joins && capacity < mostMeasured) found.push(await fromOutsideIn(subject), await fromInsideOut(subject));
  return {
    breaches: found.flat(),
    remark: joins
      ? [9, "it asks the service inside though it has no room, as those do that join two services"]
      : undefined,
  };
};

function refusedInside(subject: Required<Subject>): Promise<readonly Breach[]> {
  const { requests } = subject;
  return inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    for (let round = 0; round < mostMeasured && chronicle.breaches.length === 0; round++) {
      inside.allow(0);
      callers.tryReady(requests[0]);
      const errand = callers.ready(requests[0]);
      await world.settle();
      callers.abort(errand);
      await world.settle();
      inside.failReadiness();
      callers.tryReady(requests[0]);
      inside.failReadiness();
      callers.ready(requests[0]);
      await world.finish();
      await lookForLoss(world, "inOrder");
    }
  });
}

/** Where it has no room itself, it does not ask inside. */
function fromOutsideIn(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { chronicle, inside } = world;
    world.takeAll();
    const { asked } = inside;
    world.callers.tryReady(subject.requests[0]);
    if (inside.asked > asked) {
      chronicle.broken("inOrder", "the service inside was asked, though there was no room in the layer itself");
    }
    await world.finish();
  });
}

/** While what is further in is given back, it still has what is its own. */
function fromInsideOut(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    world.takeAll();
    inside.whenGivenBack = () => {
      inside.whenGivenBack = undefined;
      const early = callers.tryReady(subject.requests[0]);
      if (early === undefined) return;
      chronicle.broken("inOrder", "there was room in the layer before what is further in had been given back");
    };
    for (const held of callers.held.slice(0, 1)) callers.release(held);
    inside.whenGivenBack = undefined;
    await world.finish();
  });
}
