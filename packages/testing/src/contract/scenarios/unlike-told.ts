import { isOverloadedError } from "@sluice/core";
import { show } from "@sluice/core/kit";
import type { Breach } from "../promises/promises.ts";
import { mostMeasured } from "../driver/most-measured.ts";
import { nameOf } from "../driver/name-of.ts";
import { inWorld, lookForLoss, nothingSeen, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";
import type { World } from "../driver/harness.ts";

/** Permits that were reserved for another request than they are spent on, or for none. */
export const unlikeTold: Scenario = async ({ subject }) => {
  const { capacity, requests } = subject;
  if (capacity === 0) return nothingSeen;
  const found: (readonly Breach[])[] = [];
  for (const request of new Set(requests)) {
    // Where calls do not go through anyway, or not at once, nothing can be learned from these.
    if (!(await goesThrough(subject, request))) continue;
    found.push(await blind(subject, request));
    for (const other of new Set(requests)) {
      if (Object.is(request, other)) continue;
      found.push(await exchanged(subject, other, request, false), await exchanged(subject, other, request, true));
    }
  }
  return { breaches: found.flat() };
};

async function goesThrough(subject: Required<Subject>, request: unknown): Promise<boolean> {
  let through = false;
  await inWorld(subject, async (world) => {
    const errand = world.callers.call(request);
    await world.settle();
    through = errand.open && world.inside.arrivals.length > 0;
    await world.finish();
  });
  return through;
}

/** A blind reservation is answered, good for any request, and holds no more than that one needs once it is spent. */
function blind(subject: Required<Subject>, request: unknown): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    const held = callers.tryReady(undefined, false);
    if (held === undefined) {
      chronicle.broken("blind", "a blind reservation found nothing where one for a request does");
      return;
    }
    callers.spend(held, request);
    await world.settle();
    if (inside.arrivals.length === 0) {
      chronicle.broken("blind", `a permit that was reserved blindly did not call with ${show(request)}`);
    }
    if (inside.mock.reserved > 0) {
      chronicle.broken("blind", `${inside.mock.reserved} more reserved inside, and not given back at the call`);
    }
    await world.finish();
  });
}

/** A permit for one request is spent on another, for which there may be no room (`full`). */
function exchanged(
  subject: Required<Subject>,
  reservedFor: unknown,
  request: unknown,
  full: boolean,
): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { callers, chronicle, clock, inside } = world;
    const isFull = !full || fill(world, request);
    const held = isFull ? callers.tryReady(reservedFor) : undefined;
    if (held === undefined) {
      await world.finish();
      return;
    }
    await world.settle();
    const { length: before } = inside.arrivals;
    const errand = callers.spend(held, request);
    await world.settle();
    const { failure, open, state } = errand;
    const arrived = inside.arrivals.length > before;
    // A layer that tries again later may do so here, too.
    if (open && !arrived && clock.pending === 0)
      chronicle.broken("exchanged", `#${errand.id}, on a permit for another request, waits`);
    if (state === "failed" && !isOverloadedError(failure)) {
      chronicle.broken(
        "exchanged",
        `#${errand.id}, on a permit for another request, was refused with ${nameOf(failure)}`,
      );
    }
    await world.finish();
    await lookForLoss(world, "exchanged");
  });
}

/** Calls with `request` until there is no room for another. False when there always is. */
function fill({ callers }: World, request: unknown): boolean {
  for (let taken = 0; taken < mostMeasured; taken++) {
    const held = callers.tryReady(request);
    if (held === undefined) return true;
    callers.spend(held);
  }
  return false;
}
