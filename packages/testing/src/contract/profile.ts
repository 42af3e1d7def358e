import { inHarness } from "./driver/harness.ts";
import type { Subject } from "./driver/subject.ts";

/** Detects whether a layer is ready although the inner service is not. */
export async function findAbsorbs(subject: Subject): Promise<boolean> {
  let absorbs = false;
  await inHarness(subject, async (harness) => {
    harness.inner.allow(0);
    absorbs = harness.clients.tryReady(subject.requests[0]) !== undefined;
    await harness.finish();
  });
  return absorbs;
}

/** Measures how many permits can be reserved at the same time of a new layer. */
export async function findCapacity(subject: Subject): Promise<number> {
  let capacity = 0;
  await inHarness(subject, async (harness) => {
    capacity = await harness.capacity();
  });
  return capacity;
}

/** Detects whether a layer without room still asks the inner service. Such a layer reserves several services. */
export async function findJoins(subject: Subject): Promise<boolean> {
  let joins = false;
  await inHarness(subject, async (harness) => {
    if (!harness.takeAll()) return;
    const { asked } = harness.inner;
    joins = harness.clients.tryReady(subject.requests[0]) === undefined && harness.inner.asked > asked;
    await harness.finish();
  });
  return joins;
}
