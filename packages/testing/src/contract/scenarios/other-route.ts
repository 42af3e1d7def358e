import { type Harness, inHarness } from "../driver/harness.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/**
 * Promise 4: the inner service is not ready for one request, and ready for another. An operation that waits inside for the first does not
 * block the second. Checked only where the layer has room for both, and passes the request on.
 */
export const otherRoute: Scenario = async ({ subject }) => {
  const [first, other] = subject.requests;
  if (subject.absorbs || subject.requests.length < 2) return nothingSeen;
  let bothFit = false;
  await inHarness(subject, async (harness) => {
    const { clients } = harness;
    bothFit = clients.tryReady(first) !== undefined && clients.tryReady(other) !== undefined;
    await harness.finish();
  });
  if (!bothFit) return nothingSeen;
  const breaches = await inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    const [asksFirst, asksOther] = [asksInside(harness, first), asksInside(harness, other)];
    // Where the layer makes new requests, or asks blindly, the inner service cannot tell them apart.
    if (asksFirst === undefined || Object.is(asksFirst, asksOther)) return;
    inner.closeTo(asksFirst);
    const operation = clients.ready(first);
    await harness.settle();
    if (operation.waiting && clients.tryReady(other) === undefined) {
      trace.broken("blocksNobody", `#${operation.id}, which waits further in for another request, was in the way`);
    }
    await harness.finish();
  });
  return { breaches };
};

/** The request that the inner service is asked for when the layer is asked for `request`. */
function asksInside({ clients, inner }: Harness, request: unknown): unknown {
  const held = clients.tryReady(request);
  if (held !== undefined) clients.release(held);
  return inner.lastRequest;
}
