import { type Harness, inHarness } from "../driver/harness.ts";
import { recovers } from "../driver/recovery.ts";
import { notApplicable, nothingSeen, type Scenario } from "./scenario.ts";

/** Promise 12: readiness fails inside, for new or for waiting callers. Later calls go through again. */
export const notTerminal: Scenario = async ({ subject }) => {
  const [request] = subject.requests;
  let reached = false;
  /** Whether a call reaches the inner service, or is answered without it, as by a cache. */
  const getsThrough = (harness: Harness): Promise<boolean> =>
    recovers(harness, async () => {
      await harness.prepare();
      const { calls } = harness.inner.mock;
      const operation = harness.clients.call(request);
      await harness.finish();
      reached ||= harness.inner.mock.calls > calls;
      return operation.state === "kept" || harness.inner.mock.calls > calls;
    });
  await inHarness(subject, async (harness) => {
    await getsThrough(harness);
  });
  if (!reached) return notApplicable(12, "no call ever reached the service inside");
  for (const waiting of [false, true]) {
    const found = await inHarness(subject, async (harness) => {
      const { clients, trace, inner } = harness;
      if (waiting) inner.allow(0);
      else inner.failReadiness();
      clients.ready(request);
      clients.call(request);
      await harness.settle();
      if (waiting) inner.failReadiness();
      await harness.finish();
      const lines = [...trace.lines];
      if (await getsThrough(harness)) return;
      trace.broken("mayAskAgain", "after a failure of readiness no call went through any more", lines);
    });
    if (found.length > 0) return { breaches: found };
  }
  return nothingSeen;
};
