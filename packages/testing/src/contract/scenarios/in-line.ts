import { mostMeasured } from "../driver/most-measured.ts";
import { inWorld, nothingSeen, type Scenario } from "./scenario.ts";

/** All that is free in one turn is free for whoever waits; until then nobody else gets any of it. */
export const inLine: Scenario = async ({ subject }) => {
  const { capacity, requests } = subject;
  if (capacity === 0 || capacity >= mostMeasured) return nothingSeen;
  const breaches = await inWorld(subject, async (world) => {
    const { callers } = world;
    for (let taken = 0; taken < capacity; taken++) callers.tryReady(requests[0]);
    callers.ready(requests[0]);
    await world.settle();
    for (const held of callers.held) callers.release(held);
    callers.tryReady(requests[0]);
    await world.settle();
    await world.finish();
  });
  return { breaches };
};
