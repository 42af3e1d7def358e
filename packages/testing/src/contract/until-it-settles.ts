import type { Breach } from "../contract-promise.ts";
import { inWorld, mostMeasured, type Scenario } from "./scenario.ts";
import type { Subject } from "./subject.ts";

/**
 * A layer that is full, and whose capacity an answer frees, holds it until the call has settled. Then work that was handed up must hold it
 * too.
 */
export const untilItSettles: Scenario = {
  number: 6,
  async observe({ subject }) {
    const { capacity } = subject;
    if (capacity === 0 || capacity >= mostMeasured) return { breaches: [] };
    const usual = await answerOne(subject, false);
    if (usual.freed <= 0) return { breaches: [] };
    const { breaches } = await answerOne(subject, true, usual.freed);
    return { breaches };
  },
};

/** How much an answer frees when the layer is full; with work that goes on it must be less than `usual`. */
async function answerOne(
  subject: Required<Subject>,
  withWork: boolean,
  usual: number = Number.POSITIVE_INFINITY,
): Promise<{ readonly freed: number; readonly breaches: readonly Breach[] }> {
  let freed = 0;
  const breaches = await inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    for (let taken = 0; taken < subject.capacity; taken++) callers.tryReady(subject.requests[0]);
    for (const held of callers.held) callers.spend(held);
    await world.settle();
    freed -= await world.capacity(mostMeasured);
    const [arrival] = inside.inFlight;
    if (arrival !== undefined) {
      if (withWork) inside.handUp(arrival);
      else inside.respond(arrival);
    }
    await world.settle();
    freed += await world.capacity(mostMeasured);
    if (freed >= usual) {
      chronicle.broken(6, "capacity was free again while work that had been handed up with waitUntil went on");
    }
    await world.finish();
  });
  return { freed, breaches };
}
