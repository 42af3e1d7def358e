import { show } from "@sluice/core/kit";
import type { Breach } from "../promises/promises.ts";
import { inWorld, notApplicable, type Profile, type Scenario } from "./scenario.ts";
import type { Subject } from "../driver/subject.ts";

/** Where nothing is going on, readiness and the start of the work cost no wait; and an ignored failure is reported, a handled one not. */
export const freeWhereIdle: Scenario = async (profile) => {
  const { subject, rejections } = profile;
  if (subject.capacity === 0) return notApplicable(11, "it was never ready");
  const found = [await readiness(subject), await start(subject, "call"), await start(subject, "permit.call")];
  if (rejections.known) found.push(...(await reports(profile)));
  return { breaches: found.flat() };
};

/** A permit that is there is had in the turn after: whoever asked for it is told in the first microtask. */
async function readiness(subject: Subject): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { chronicle, service } = world;
    const [request] = subject.requests;
    chronicle.did(`ready(${show(request)})`);
    let told = false;
    service.ready({ request }).then(
      (permit) => {
        told = true;
        permit.release();
      },
      () => {},
    );
    await Promise.resolve();
    if (!told) chronicle.broken("noWait", "readiness took more microtasks than it does inside");
    await world.settle();
  });
}

async function start(subject: Subject, how: "call" | "permit.call"): Promise<readonly Breach[]> {
  return inWorld(subject, async (world) => {
    const { callers, chronicle, inside } = world;
    const [request] = subject.requests;
    const held = how === "call" ? undefined : callers.tryReady(request);
    if (held === undefined) callers.call(request);
    else callers.spend(held);
    const { calls } = inside.mock;
    await world.settle();
    // A layer may also answer by itself.
    if (calls === 0 && inside.mock.calls > 0 && !subject.defers) {
      chronicle.broken("noWait", `the work did not start in the turn of ${how}`);
    }
    await world.finish();
  });
}

/** A call that fails, which is handled, and one that is not. */
async function reports({ subject, rejections }: Profile): Promise<(readonly Breach[])[]> {
  let fails = false;
  const call = async (handled: boolean): Promise<readonly Breach[]> => {
    await rejections.take();
    const breaches = await inWorld(subject, async (world) => {
      const { chronicle, inside, service } = world;
      const [request] = subject.requests;
      chronicle.did(`call(${show(request)}), whose failure is ${handled ? "handled" : "ignored"}`);
      const answer = service.call(request);
      if (handled) {
        answer.catch(() => {
          fails = true;
        });
      }
      await world.settle();
      for (const arrival of inside.inFlight) inside.fail(arrival);
      await world.settle();
      const reported = (await rejections.take()).length > 0;
      if (handled && reported) {
        chronicle.broken("reported", "a failure that was handled was reported as an unhandled rejection all the same");
      }
      if (!handled && fails && !reported) {
        chronicle.broken("reported", "a failure that everybody ignored was not reported as an unhandled rejection");
      }
    });
    // Nobody's errand has called: the rest means nothing.
    return breaches.filter(({ sentence }) => sentence === "reported");
  };
  return [await call(true), await call(false)];
}
