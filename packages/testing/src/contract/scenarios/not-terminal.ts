import { inWorld, notApplicable, nothingSeen, recovers, type Scenario } from "./scenario.ts";
import type { World } from "../driver/harness.ts";

/** Readiness fails inside, for whoever asks and for whoever waits. After that, calls go through again. */
export const notTerminal: Scenario = async ({ subject }) => {
  const [request] = subject.requests;
  let reached = false;
  /** Whether a call reaches the service inside, or is answered without it, as by a cache. */
  const getsThrough = (world: World): Promise<boolean> =>
    recovers(world, async () => {
      const { calls } = world.inside.mock;
      const errand = world.callers.call(request);
      await world.finish();
      reached ||= world.inside.mock.calls > calls;
      return errand.state === "kept" || world.inside.mock.calls > calls;
    });
  await inWorld(subject, async (world) => {
    await getsThrough(world);
  });
  if (!reached) return notApplicable(12, "nothing ever reached the service inside");
  for (const waiting of [false, true]) {
    const found = await inWorld(subject, async (world) => {
      const { callers, chronicle, inside } = world;
      if (waiting) inside.allow(0);
      else inside.failReadiness();
      callers.ready(request);
      callers.call(request);
      await world.settle();
      if (waiting) inside.failReadiness();
      await world.finish();
      const lines = [...chronicle.lines];
      if (await getsThrough(world)) return;
      chronicle.broken("mayAskAgain", "after a failure of readiness no call went through any more", lines);
    });
    if (found.length > 0) return { breaches: found };
  }
  return nothingSeen;
};
