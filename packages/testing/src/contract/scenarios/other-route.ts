import { inWorld, nothingSeen, type Scenario } from "./scenario.ts";
import type { World } from "../driver/harness.ts";

/**
 * Where there is room for two different requests, and the service inside is not ready for the first of them only, whoever waits for that
 * one is in nobody's way.
 */
export const otherRoute: Scenario = async ({ subject }) => {
  const [first, other] = subject.requests;
  if (subject.absorbs || subject.requests.length < 2) return nothingSeen;
  let bothFit = false;
  await inWorld(subject, async (world) => {
    const { callers } = world;
    bothFit = callers.tryReady(first) !== undefined && callers.tryReady(other) !== undefined;
    await world.finish();
  });
  if (!bothFit) return nothingSeen;
  const breaches = await inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    const [asksFirst, asksOther] = [asksInside(world, first), asksInside(world, other)];
    // Where the layer makes new requests, or asks blindly, the service inside cannot tell them apart.
    if (asksFirst === undefined || Object.is(asksFirst, asksOther)) return;
    inside.closeTo(asksFirst);
    const errand = callers.ready(first);
    await world.settle();
    if (errand.waiting && callers.tryReady(other) === undefined) {
      chronicle.broken("blocksNobody", `#${errand.id}, who waits further in for another request, was in the way`);
    }
    await world.finish();
  });
  return { breaches };
};

/** What is asked for inside when the layer is asked for `request`. */
function asksInside({ callers, inside }: World, request: unknown): unknown {
  const held = callers.tryReady(request);
  if (held !== undefined) callers.release(held);
  return inside.askedFor;
}
