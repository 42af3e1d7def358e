import { ArrayWork } from "./array-work.ts";
import { microtasks } from "../../clock/microtasks.ts";
import { inWorld, nothingSeen, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";

const short = 50;
const long = 200;

/** Four times as many wait. Whoever looks for each of them looks at four times as much for each; half of that is no accident. */
const tooMuch = 2;

/** More elements than this for each of those who wait is more than a few. */
const few = 8;

/** Many join a line and leave it again, in any order: how much work is that for each, when more wait? */
export const longLine: Scenario = async ({ subject }) => {
  const [some, more] = [await elementsEach(subject, short), await elementsEach(subject, long)];
  for (const [method, each] of more ?? []) {
    if (each <= few || each < tooMuch * (some?.get(method) ?? 0)) continue;
    const what = `Array.prototype.${method} went through ${Math.round(each)} elements for each of ${long} who joined a line and left it`;
    return { breaches: [{ sentence: "constantTime", what, schedule: [] }] };
  }
  return nothingSeen;
};

/** Array elements looked at or moved for each of `waiters`; undefined when nobody waits. */
async function elementsEach(
  subject: Required<Subject>,
  waiters: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const work = new ArrayWork();
  let left = 0;
  await inWorld(subject, async ({ inside, service }) => {
    const request = subject.requests[0];
    inside.allow(0);
    const callers = Array.from({ length: waiters }, () => new AbortController());
    // Prime to their number: each of them once, from anywhere.
    const order = callers.map((_, nth) => callers[(nth * 7) % waiters]!);
    const leaves = (): void => {
      left++;
    };
    work.start();
    try {
      for (const { signal } of callers) {
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
