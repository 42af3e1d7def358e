import { identity, layerFn } from "@sluice/core";
import { inWorld, notApplicable, nothingSeen, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";

/** How much later an answer comes because of the layer, and because of two of its kind, one in the other. */
export const onlyObserves: Scenario = async ({ subject }) => {
  const { make, observes } = subject;
  const bare = await microtasksOf({ ...subject, make: () => identity() });
  const one = await microtasksOf(subject);
  const two = await microtasksOf({
    ...subject,
    make: (given) => layerFn("two", (inner) => make(given).wrap(make(given).wrap(inner))),
  });
  if (bare === undefined || one === undefined || two === undefined) {
    return observes ? notApplicable(11, "its calls did not reach the service inside") : nothingSeen;
  }
  const [byOne, byTwo] = [one - bare, two - bare];
  const what = `an answer came ${byOne} microtasks later through the layer, and ${byTwo} through two of its kind`;
  if (observes && byTwo > 1) return { breaches: [{ sentence: "onlyObserves", what, schedule: [] }] };
  return byOne > 1 ? { breaches: [], remark: [11, what] } : nothingSeen;
};

/** How many microtasks after it was given inside an answer is known outside; undefined when there was none to give. */
async function microtasksOf(subject: Required<Subject>): Promise<number | undefined> {
  let count = 0;
  let known = false;
  let reached = false;
  const isKnown = (): boolean => known;
  await inWorld(subject, async (world) => {
    const { inside, service } = world;
    service.call(subject.requests[0]).then(
      () => {
        known = true;
      },
      () => {},
    );
    await world.settle();
    const [arrival] = inside.inFlight;
    if (arrival === undefined || known) return;
    reached = true;
    inside.respond(arrival);
    for (; count < mostCounted; count++) {
      if (isKnown()) break;
      await Promise.resolve();
    }
  });
  return reached && known ? count : undefined;
}

/** Who is not told by then is not told by microtasks alone. */
const mostCounted = 100;
