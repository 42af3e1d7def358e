import type { Sentence } from "../promises/promises.ts";
import type { Harness } from "./harness.ts";

/**
 * Whether `isBack` becomes true, immediately or later: a rate has room again after a while, and a breaker closes after a while and
 * successful calls. So it lets up to a day pass, and makes calls.
 */
export async function recovers(harness: Harness, isBack: () => Promise<boolean>): Promise<boolean> {
  if (await isBack()) return true;
  for (const ms of [1_000, 60_000, 3_600_000, 86_400_000]) {
    await harness.advance(ms);
    if (await isBack()) return true;
    harness.clients.call(harness.subject.requests[0]);
    await harness.finish();
    if (await isBack()) return true;
  }
  return false;
}

/** Checks that as much can be reserved as of a new layer, immediately or later. Otherwise `sentence` is broken. */
export async function checkForLoss(harness: Harness, sentence: Sentence): Promise<void> {
  const { capacity = 0 } = harness.subject;
  harness.clockStandsStill = false;
  const lines = [...harness.trace.lines];
  const isBack = async (): Promise<boolean> => {
    await harness.prepare();
    return (await harness.capacity()) >= capacity;
  };
  const back = await recovers(harness, isBack);
  harness.checkReservedInside();
  if (back) return;
  harness.trace.broken(sentence, `some of the capacity of ${capacity} is lost`, lines);
}
