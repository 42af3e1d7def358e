import { type Harness, inHarness } from "../driver/harness.ts";
import { mostMeasured, type Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/**
 * Promise 6: a layer whose room an answer frees holds that room for running work. It must also hold it for work that was registered with
 * `waitUntil`, and for work that the layer itself has given up on.
 */
export const untilItSettles: Scenario = async ({ subject }) => {
  const { capacity, joins } = subject;
  if (joins || capacity === 0 || capacity >= mostMeasured) return nothingSeen;
  const usual = await freedBy(subject, ({ inner }) => {
    inner.inFlight.slice(0, 1).forEach((arrival) => inner.respond(arrival));
  });
  if (usual.freed <= 0) return nothingSeen;
  const handedUp = await freedBy(
    subject,
    ({ inner }) => {
      inner.inFlight.slice(0, 1).forEach((arrival) => inner.handUp(arrival));
    },
    { most: usual.freed, what: "there was room again while work that was registered with waitUntil continued" },
  );
  const givenUpOn = await freedBy(subject, waitForAnswers, {
    most: 1,
    what: "there was room again while abandoned work continued",
  });
  return { breaches: [...handedUp.breaches, ...givenUpOn.breaches] };
};

/** The most timers that fire before the layer counts as one that does not give up on work. */
const patience = 10;

/** Lets time pass until an operation settles. The inner service has not answered, so the layer has given up on it. */
async function waitForAnswers(harness: Harness): Promise<void> {
  const { clients, clock } = harness;
  for (let fired = 0; fired < patience && clients.operations.every(({ open }) => open); fired++) {
    const { next } = clock;
    if (next === undefined) return;
    await harness.advance(next);
  }
}

/** Fills the layer with calls, runs `happens`, and returns how much room that freed. With a `limit`, `most` or more is a breach. */
async function freedBy(
  subject: Required<Subject>,
  happens: (harness: Harness) => void | Promise<void>,
  limit?: { readonly most: number; readonly what: string },
): Promise<{ readonly freed: number; readonly breaches: readonly Breach[] }> {
  let freed = 0;
  const breaches = await inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    if (!harness.takeAll()) return;
    for (const held of clients.held) clients.spend(held);
    await harness.settle();
    // A call that has not reached the inner service may give up while it waits, which frees room and leaves no work running.
    freed -= Math.max(clients.going.length - inner.inFlight.length, 0);
    freed -= await harness.capacity();
    await happens(harness);
    await harness.settle();
    freed += await harness.capacity();
    if (limit !== undefined && freed >= limit.most) trace.broken("untilSettled", limit.what);
    await harness.finish();
  });
  return { freed, breaches };
}
