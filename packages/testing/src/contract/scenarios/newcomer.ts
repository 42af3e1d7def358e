import { type Harness, inHarness } from "../driver/harness.ts";
import type { Operation } from "../driver/operation.ts";
import { mostMeasured, type Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/** In how many microtasks after the grant a newcomer is tried: a chain of wrapped promises takes one or a few microtasks for each promise. */
const microtasksAfter = 6;

/** How a newcomer asks, and when: in which microtask after the grant, and before or after all other code in it. */
interface Newcomer {
  readonly asks: "ready" | "tryReady";
  readonly after: number;
  readonly first: boolean;
}

/**
 * Promise 4: a waiting operation is granted, while a second place becomes free. A newcomer, in any microtask until the operation has joined
 * the next line, must not come before it there.
 */
export const newcomer: Scenario = async ({ subject }) => {
  const { capacity } = subject;
  if (capacity < 2 || capacity >= mostMeasured) return nothingSeen;
  for (const asks of ["ready", "tryReady"] as const) {
    for (let after = 1; after <= microtasksAfter; after++) {
      for (const first of [true, false]) {
        const breaches = await overtakes(subject, { asks, after, first });
        if (breaches.length > 0) return { breaches };
      }
    }
  }
  return nothingSeen;
};

function overtakes(subject: Required<Subject>, { asks, after, first }: Newcomer): Promise<readonly Breach[]> {
  const [request] = subject.requests;
  return inHarness(subject, async (harness) => {
    const { clients, inner, trace } = harness;
    if (!harness.takeAll()) return;
    const waiter = clients.ready(request);
    await harness.settle();
    const [one, other] = clients.held;
    if (!waiter.waiting || one === undefined || other === undefined) return;

    let ahead: (() => boolean) | undefined;
    const come = (): void => {
      // The checks of the driver do not know its place in the layer's line; only the next line counts here.
      trace.hasty = true;
      trace.saw(`… and in microtask ${after} after that, ${first ? "before" : "after"} all others`);
      ahead = ask(harness, asks, request);
    };
    // Queued before the microtasks that the release causes, or after them, so that it runs first or last in each.
    const chain = first ? inMicrotask(after, come) : undefined;
    clients.release(one);
    clients.release(other);
    // The first caller at the next line gets the only place, now or later.
    inner.allow(asks === "tryReady" ? 1 : 0);
    await (chain ?? inMicrotask(after, come));
    await harness.settle();
    if (asks === "ready") inner.allow(1);
    await harness.settle();
    if (waiter.open && ahead?.() === true) {
      const who = asks === "ready" ? `#${waiter.id + 1}` : "tryReady";
      trace.broken(
        "notOvertaken",
        `${who}, a newcomer, got a permit before #${waiter.id}, who had been granted before`,
      );
    }
    await harness.finish();
  });
}

/** Asks as a newcomer. Returns a function that tells whether it has a permit for which the inner service was asked. */
function ask({ clients, inner, subject }: Harness, how: Newcomer["asks"], request: unknown): () => boolean {
  const { asked } = inner;
  if (how === "tryReady") {
    const has = clients.tryReady(request) !== undefined && (!subject.answers || inner.asked > asked);
    return () => has;
  }
  const operation: Operation = clients.ready(request);
  return () => operation.state === "kept" && (!subject.answers || inner.askedFor.has(operation.id));
}

async function inMicrotask(number: number, run: () => void): Promise<void> {
  const settled = Promise.resolve();
  for (let turn = 0; turn < number; turn++) await settled;
  run();
}
