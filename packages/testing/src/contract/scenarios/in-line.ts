import { type Harness, inHarness } from "../driver/harness.ts";
import { mostMeasured, type Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/**
 * Promise 4: all room is released in one turn while an operation waits. A newcomer in that turn gets none of it. In a layer with its own
 * order, a waiting caller is served when there is room.
 */
export const inLine: Scenario = async ({ subject }) => {
  const { capacity, orders } = subject;
  if (capacity === 0 || capacity >= mostMeasured) return nothingSeen;
  const breaches = [await newcomerInTheTurn(subject)];
  if (orders && (await hasRoomAfterRelease(subject))) breaches.push(await somebodyIsServed(subject));
  return { breaches: breaches.flat() };
};

function newcomerInTheTurn(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients } = harness;
    if (!harness.takeAll()) return;
    clients.ready(subject.requests[0]);
    await harness.settle();
    for (const held of clients.held) clients.release(held);
    clients.tryReady(subject.requests[0]);
    await harness.settle();
    await harness.finish();
  });
}

/** Whether a released place is free immediately, and not after a while. */
async function hasRoomAfterRelease(subject: Required<Subject>): Promise<boolean> {
  let room = false;
  await inHarness(subject, async (harness) => {
    if (!harness.takeAll()) return;
    await releaseOne(harness);
    room = harness.clients.tryReady(subject.requests[0]) !== undefined;
    await harness.finish();
  });
  return room;
}

function somebodyIsServed(subject: Required<Subject>): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients, trace } = harness;
    if (!harness.takeAll()) return;
    const waiters = [clients.ready(subject.requests[0]), clients.ready(subject.requests[0])];
    await harness.settle();
    if (waiters.some(({ waiting }) => !waiting)) return;
    await releaseOne(harness);
    if (waiters.every(({ open }) => open)) trace.broken("firstCome", "there is room, and no waiter is served");
    await harness.finish();
  });
}

async function releaseOne(harness: Harness): Promise<void> {
  const { clients } = harness;
  for (const held of clients.held.slice(0, 1)) clients.release(held);
  await harness.settle();
}
