import { inHarness } from "../driver/harness.ts";
import { checkForLoss } from "../driver/recovery.ts";
import { mostMeasured, type Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { notApplicable, type Scenario } from "./scenario.ts";

/**
 * Promise 9: the layer acquires its own room first and releases it last, also where the inner service refuses, fails, or never gets ready.
 */
export const allOrNothing: Scenario = async ({ subject }) => {
  const { absorbs, capacity, joins } = subject;
  if (absorbs) return notApplicable(9, "it is ready whether the service inside is or not");
  if (capacity === 0) return notApplicable(9, "it was never ready");
  const found = [await refusedInside(subject)];
  if (!joins && capacity < mostMeasured) found.push(await fromOutsideIn(subject), await fromInsideOut(subject));
  return {
    breaches: found.flat(),
    remark: joins
      ? [9, "it asks the service inside although it has no room, as layers do that join two services"]
      : undefined,
  };
};

function refusedInside(subject: Required<Subject>): Promise<readonly Breach[]> {
  const { requests } = subject;
  return inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    for (let round = 0; round < mostMeasured && trace.breaches.length === 0; round++) {
      inner.allow(0);
      clients.tryReady(requests[0]);
      const operation = clients.ready(requests[0]);
      await harness.settle();
      clients.abort(operation);
      await harness.settle();
      inner.failReadiness();
      clients.tryReady(requests[0]);
      inner.failReadiness();
      clients.ready(requests[0]);
      await harness.finish();
      await checkForLoss(harness, "inOrder");
    }
  });
}

/** A layer without room does not ask inside. */
function fromOutsideIn(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { trace, inner } = harness;
    if (!harness.takeAll()) return;
    const { asked } = inner;
    harness.clients.tryReady(subject.requests[0]);
    if (inner.asked > asked) {
      trace.broken("inOrder", "the service inside was asked, though the layer itself had no room");
    }
    await harness.finish();
  });
}

/** While the reservation inside is released, the layer still holds its own room. */
function fromInsideOut(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    if (!harness.takeAll()) return;
    inner.whenGivenBack = () => {
      inner.whenGivenBack = undefined;
      const early = clients.tryReady(subject.requests[0]);
      if (early === undefined) return;
      trace.broken("inOrder", "there was room in the layer before the reservation inside was released");
    };
    for (const held of clients.held.slice(0, 1)) clients.release(held);
    inner.whenGivenBack = undefined;
    await harness.finish();
  });
}
