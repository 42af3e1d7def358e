import { inHarness } from "../driver/harness.ts";
import type { Scenario } from "./scenario.ts";

/** Promise 3: after permits are released unused there is as much room as before, and no more. */
export const givenBack: Scenario = async ({ subject }) => {
  const breaches = await inHarness(subject, async (harness) => {
    const [before, after] = [await harness.capacity(), await harness.capacity()];
    if (after <= before) return;
    harness.trace.broken("returnedOnce", `there is room for ${after}, though only room for ${before} was released`);
  });
  return { breaches };
};
