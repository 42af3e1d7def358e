import { type AnyLayer, identity, layerFn } from "@sluice/core";
import { inHarness } from "../driver/harness.ts";
import type { Subject } from "../driver/subject.ts";
import { notApplicable, nothingSeen, type Scenario } from "./scenario.ts";

/** Promise 11: how many microtasks later an answer comes through one layer, and through two layers of this kind, one around the other. */
export const onlyObserves: Scenario = async ({ subject }) => {
  const { observes } = subject;
  const bare = await microtasksOf({ ...subject, make: () => identity(), warms: false, ready: undefined });
  const one = await microtasksOf(subject);
  const two = await microtasksOf(twice(subject));
  if (bare === undefined || one === undefined || two === undefined) {
    return observes ? notApplicable(11, "its calls did not reach the service inside") : nothingSeen;
  }
  const [byOne, byTwo] = [one - bare, two - bare];
  const what = `an answer came ${byOne} microtasks later through the layer, and ${byTwo} through two of its kind`;
  if (observes && byTwo > 1) return { breaches: [{ sentence: "onlyObserves", what, schedule: [] }] };
  return byOne > 1 ? { breaches: [], remark: [11, what] } : nothingSeen;
};

/** The layer around another one of its kind. */
function twice({ make, ready, ...subject }: Required<Subject>): Required<Subject> {
  let layers: readonly AnyLayer[] = [];
  return {
    ...subject,
    make(given) {
      const [outer, inner] = [make(given), make(given)];
      layers = [outer, inner];
      return layerFn("two", (service) => outer.wrap(inner.wrap(service)));
    },
    ready: ready && (() => Promise.all(layers.map(ready))),
  };
}

/** How many microtasks pass from the answer inside to the answer outside; undefined where no call arrived inside. */
async function microtasksOf(subject: Required<Subject>): Promise<number | undefined> {
  let count = 0;
  let known = false;
  let reached = false;
  const isKnown = (): boolean => known;
  await inHarness(subject, async (harness) => {
    const { inner, service } = harness;
    service.call(subject.requests[0]).then(
      () => {
        known = true;
      },
      () => {},
    );
    await harness.settle();
    const [arrival] = inner.inFlight;
    if (arrival === undefined || known) return;
    reached = true;
    inner.respond(arrival);
    for (; count < mostCounted; count++) {
      if (isKnown()) break;
      await Promise.resolve();
    }
  });
  return reached && known ? count : undefined;
}

/** A layer that has not answered by then waits for something other than microtasks. */
const mostCounted = 100;
