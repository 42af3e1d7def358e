import { inWorld, lookForLoss, mostMeasured, notApplicable, type Scenario } from "./scenario.ts";

/** The service inside refuses, fails, or is waited for in vain: whatever the layer took before is given back. */
export const allOrNothing: Scenario = {
  number: 9,
  async observe({ subject }) {
    const { absorbs, capacity, requests } = subject;
    if (absorbs) return notApplicable("it is ready whether the service inside is or not");
    if (capacity === 0) return notApplicable("it was never ready");
    const breaches = await inWorld(subject, async (world) => {
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
        await lookForLoss(world, 9);
      }
    });
    return { breaches };
  },
};
