import { inHarness } from "../driver/harness.ts";
import type { Subject } from "../driver/subject.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/** How many callers ask. One refusal in fifty then makes a difference of more than {@link chance}. */
const asking = 200;

/** A larger difference than this is a breach: both ways of asking get the same random numbers. */
const chance = 2;

/**
 * Promise 3: a `call` that must wait at an inner gate asks each outer gate twice in one turn, and `ready` asks once. A gate that refuses
 * some callers, by count or by chance, must not refuse more calls than `ready`s.
 */
export const askedTwice: Scenario = async ({ subject }) => {
  // A layer that absorbs readiness does not wait for the inner service.
  if (subject.absorbs) return nothingSeen;
  const twice = await refusals(subject, "call");
  const once = twice <= chance ? 0 : await refusals(subject, "ready");
  if (twice - once <= chance) return nothingSeen;
  const what = `where all must wait inside, ${twice} of ${asking} were refused by call, which asks twice, and ${once} by ready, which asks once`;
  return { breaches: [{ sentence: "undone", what, schedule: [] }] };
};

/**
 * How many callers do not wait although the inner service is not ready: they are refused, or answered by a layer that recovers from
 * refusals. The others abort in the end, so no lease is spent.
 */
async function refusals(subject: Required<Subject>, how: "call" | "ready"): Promise<number> {
  const [request] = subject.requests;
  const controllers = Array.from({ length: asking }, () => new AbortController());
  let refused = 0;
  await inHarness(subject, async (harness) => {
    const { inner, service } = harness;
    inner.allow(0);
    for (const { signal } of controllers) {
      const ask = async (): Promise<void> => {
        if (how === "call") await service.call(request, { signal });
        else (await service.ready({ request, signal })).release();
      };
      const settles = (reason?: unknown): void => {
        if (reason !== givesUp) refused++;
      };
      ask().then(() => {
        settles();
      }, settles);
    }
    await harness.settle();
    for (const controller of controllers) controller.abort(givesUp);
    await harness.settle();
  });
  return refused;
}

const givesUp = new Error("gave up");
