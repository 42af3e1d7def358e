import { isOverloadedError } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { type Harness, inHarness } from "../driver/harness.ts";
import { nameOf } from "../driver/name-of.ts";
import { checkForLoss } from "../driver/recovery.ts";
import { mostMeasured, type Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/** Promise 10: permits that are spent on another request than they were reserved for, and blind permits. */
export const unlikeTold: Scenario = async ({ subject }) => {
  const { capacity, requests } = subject;
  if (capacity === 0) return nothingSeen;
  const found: (readonly Breach[])[] = [];
  for (const request of new Set(requests)) {
    // Nothing can be learned from a request whose calls do not reach the inner service immediately.
    if (!(await goesThrough(subject, request))) continue;
    found.push(await blind(subject, request), await exchanged(subject, undefined, request, true));
    for (const other of new Set(requests)) {
      if (Object.is(request, other)) continue;
      found.push(await exchanged(subject, other, request, false), await exchanged(subject, other, request, true));
    }
  }
  return { breaches: found.flat() };
};

async function goesThrough(subject: Required<Subject>, request: unknown): Promise<boolean> {
  let through = false;
  await inHarness(subject, async (harness) => {
    const operation = harness.clients.call(request);
    await harness.settle();
    through = operation.open && harness.inner.arrivals.length > 0;
    await harness.finish();
  });
  return through;
}

/** A blind reservation is granted, can be spent on any request, and once it is spent holds no more than that request needs. */
function blind(subject: Required<Subject>, request: unknown): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    const held = clients.tryReady(undefined, false);
    if (held === undefined) {
      trace.broken("blind", "a blind reservation found nothing where one for a request does");
      return;
    }
    clients.spend(held, request);
    await harness.settle();
    if (inner.arrivals.length === 0) {
      trace.broken("blind", `a permit that was reserved blindly did not call with ${show(request)}`);
    }
    if (inner.mock.reserved > 0) {
      trace.broken("blind", `${inner.mock.reserved} more reserved inside, and not released at the call`);
    }
    await harness.finish();
  });
}

/**
 * Spends a permit for one request, or a blind one (`reservedFor` undefined), on another. With `full`, there is no room for that other one;
 * if there still is a permit for the first, the layer limits by request.
 */
function exchanged(
  subject: Required<Subject>,
  reservedFor: unknown,
  request: unknown,
  full: boolean,
): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients, trace, clock, inner } = harness;
    const isFull = !full || fill(harness, request);
    const held = isFull ? clients.tryReady(reservedFor, reservedFor !== undefined) : undefined;
    await harness.settle();
    // Asked again: a layer that refuses by chance or by count is not full.
    const stillFull = full && clients.tryReady(request) === undefined;
    if (held === undefined || stillFull !== full) {
      await harness.finish();
      return;
    }
    const { length: before } = inner.arrivals;
    const operation = clients.spend(held, request);
    await harness.settle();
    const { failure, open, state } = operation;
    const arrived = inner.arrivals.length > before;
    if (arrived && full) {
      const what = `#${operation.id}, on a permit for ${reservedFor === undefined ? "any" : "another"} request, runs with ${show(request)}`;
      trace.broken("exchanged", `${what}, for which there was no room: ${before} run already`);
    }
    // A layer that retries later may do so here.
    if (open && !arrived && clock.pending === 0)
      trace.broken("exchanged", `#${operation.id}, on a permit for another request, waits`);
    if (state === "failed" && !isOverloadedError(failure)) {
      trace.broken(
        "exchanged",
        `#${operation.id}, on a permit for another request, was refused with ${nameOf(failure)}`,
      );
    }
    await harness.finish();
    await checkForLoss(harness, "exchanged");
  });
}

/** Calls with `request` until there is no room for it. Returns false where there always is. */
function fill({ clients }: Harness, request: unknown): boolean {
  for (let taken = 0; taken < mostMeasured; taken++) {
    const held = clients.tryReady(request);
    if (held === undefined) return true;
    clients.spend(held);
  }
  return false;
}
