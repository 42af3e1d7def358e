import { microtasks } from "../../clock/microtasks.ts";
import { inHarness } from "../driver/harness.ts";
import type { Subject } from "../driver/subject.ts";
import { ArrayWork } from "./array-work.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

const short = 50;
const long = 200;

/** With four times as many waiters, a search of the line reads four times as many elements for each. Twice as many is already a breach. */
const tooMuch = 2;

/** Up to this many elements for each waiter count as a constant. */
const few = 8;

/** Promise 4: many callers join a line and leave it in any order. The work for each must not grow with the length of the line. */
export const longLine: Scenario = async ({ subject }) => {
  const [some, more] = [await elementsEach(subject, short), await elementsEach(subject, long)];
  for (const [method, each] of more ?? []) {
    if (each <= few || each < tooMuch * (some?.get(method) ?? 0)) continue;
    const what = `Array.prototype.${method} went through ${Math.round(each)} elements for each of ${long} who joined a line and left it`;
    return { breaches: [{ sentence: "constantTime", what, schedule: [] }] };
  }
  return nothingSeen;
};

/** By method, the array elements that were read or moved for each waiter; undefined where fewer than half had to wait. */
async function elementsEach(
  subject: Required<Subject>,
  waiters: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const work = new ArrayWork();
  let left = 0;
  await inHarness(subject, async ({ inner, service }) => {
    const request = subject.requests[0];
    inner.allow(0);
    const clients = Array.from({ length: waiters }, () => new AbortController());
    // 7 is coprime to the number of waiters: each leaves once, from anywhere in the line.
    const order = clients.map((_, nth) => clients[(nth * 7) % waiters]!);
    const leaves = (): void => {
      left++;
    };
    work.start();
    try {
      for (const { signal } of clients) {
        service.ready({ request, signal }).then((permit) => {
          permit.release();
        }, leaves);
      }
      await microtasks();
      for (const controller of order) controller.abort(leave);
      await microtasks();
    } finally {
      work.stop();
    }
  });
  if (left < waiters / 2) return undefined;
  return new Map([...work.by].map(([method, elements]) => [method, elements / left]));
}

const leave = new Error("left the line");
