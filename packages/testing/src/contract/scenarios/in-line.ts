import { inHarness } from "../driver/harness.ts";
import { mostMeasured } from "../driver/subject.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/** Promise 4: all room is given back in one turn while an operation waits. A newcomer in that turn gets none of it. */
export const inLine: Scenario = async ({ subject }) => {
  const { capacity, requests } = subject;
  if (capacity === 0 || capacity >= mostMeasured) return nothingSeen;
  const breaches = await inHarness(subject, async (harness) => {
    const { clients } = harness;
    for (let taken = 0; taken < capacity; taken++) clients.tryReady(requests[0]);
    clients.ready(requests[0]);
    await harness.settle();
    for (const held of clients.held) clients.release(held);
    clients.tryReady(requests[0]);
    await harness.settle();
    await harness.finish();
  });
  return { breaches };
};
