import { mostMeasured } from "../driver/most-measured.ts";
import { inWorld, type Scenario } from "./scenario.ts";

/** What was reserved and given back unused leaves as much room as there was, and no more. */
export const givenBack: Scenario = async ({ subject }) => {
  const breaches = await inWorld(subject, async (world) => {
    const [before, after] = [await world.capacity(mostMeasured), await world.capacity(mostMeasured)];
    if (after <= before) return;
    world.chronicle.broken(
      "returnedOnce",
      `there is room for ${after}, though nothing but room for ${before} was given back`,
    );
  });
  return { breaches };
};
