import { show } from "@sluice/core/kit";
import { inHarness } from "../driver/harness.ts";
import type { Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { notApplicable, type Profile, type Scenario } from "./scenario.ts";

/** Promise 11: at rest, readiness and the start of the work take no wait. An ignored failure is reported, and a handled one is not. */
export const freeWhereIdle: Scenario = async (profile) => {
  const { subject, rejections } = profile;
  if (subject.capacity === 0) return notApplicable(11, "it was never ready");
  const found = [await readiness(subject), await start(subject, "call"), await start(subject, "permit.call")];
  if (rejections.known) found.push(...(await reports(profile)));
  return { breaches: found.flat() };
};

/** A permit that is free is granted in the first microtask. */
async function readiness(subject: Subject): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { trace, service } = harness;
    const [request] = subject.requests;
    trace.did(`ready(${show(request)})`);
    let told = false;
    service.ready({ request }).then(
      (permit) => {
        told = true;
        permit.release();
      },
      () => {},
    );
    await Promise.resolve();
    if (!told) trace.broken("noWait", "readiness took more microtasks than it does inside");
    await harness.settle();
  });
}

async function start(subject: Subject, how: "call" | "permit.call"): Promise<readonly Breach[]> {
  return inHarness(subject, async (harness) => {
    const { clients, trace, inner } = harness;
    const [request] = subject.requests;
    const held = how === "call" ? undefined : clients.tryReady(request);
    if (held === undefined) clients.call(request);
    else clients.spend(held);
    const { calls } = inner.mock;
    await harness.settle();
    // A layer may answer by itself: then no call arrives.
    if (calls === 0 && inner.mock.calls > 0 && !subject.defers) {
      trace.broken("noWait", `the work did not start in the turn of ${how}`);
    }
    await harness.finish();
  });
}

/** Two calls that fail: the failure of one is handled, that of the other is ignored. */
async function reports({ subject, rejections }: Profile): Promise<(readonly Breach[])[]> {
  let fails = false;
  const call = async (handled: boolean): Promise<readonly Breach[]> => {
    await rejections.take();
    const breaches = await inHarness(subject, async (harness) => {
      const { trace, inner, service } = harness;
      const [request] = subject.requests;
      trace.did(`call(${show(request)}), whose failure is ${handled ? "handled" : "ignored"}`);
      const answer = service.call(request);
      if (handled) {
        answer.catch(() => {
          fails = true;
        });
      }
      await harness.settle();
      for (const arrival of inner.inFlight) inner.fail(arrival);
      await harness.settle();
      const reported = (await rejections.take()).length > 0;
      if (handled && reported) {
        trace.broken("reported", "a failure that was handled was reported as an unhandled rejection all the same");
      }
      if (!handled && fails && !reported) {
        trace.broken("reported", "a failure that no caller handled was not reported as an unhandled rejection");
      }
    });
    // The call is not an operation of the harness, so its other checks do not apply here.
    return breaches.filter(({ sentence }) => sentence === "reported");
  };
  return [await call(true), await call(false)];
}
