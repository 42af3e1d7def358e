import { inHarness } from "../driver/harness.ts";
import type { Subject } from "../driver/subject.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/** So many ask. One refusal in fifty then makes a difference of more than {@link chance}. */
const asking = 200;

/** More refusals than this are no chance: both ways of asking meet the same random numbers. */
const chance = 2;

/**
 * Promise 3: a `call` that must wait further inside asks each gate twice in one turn, and `ready` asks once. A gate that refuses some, by
 * counting or by chance, must refuse no more of the former.
 */
export const askedTwice: Scenario = async ({ subject }) => {
  // A layer that absorbs readiness waits for nothing further inside.
  if (subject.absorbs) return nothingSeen;
  const twice = await refusals(subject, "call");
  const once = twice <= chance ? 0 : await refusals(subject, "ready");
  if (twice - once <= chance) return nothingSeen;
  const what = `where all must wait inside, ${twice} of ${asking} were refused by call, which asks twice, and ${once} by ready, which asks once`;
  return { breaches: [{ sentence: "undone", what, schedule: [] }] };
};

/**
 * How many of those who must wait for the inner service do not: they are refused, or answered by a layer that recovers from refusals. The
 * others give up in the end, so no lease is ever spent.
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
