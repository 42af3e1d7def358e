import { type Harness, inHarness } from "../driver/harness.ts";
import type { Arrival } from "../driver/inner-service.ts";
import type { Subject } from "../driver/subject.ts";
import type { Breach } from "../promises/breach.ts";
import { nothingSeen, type Scenario } from "./scenario.ts";

/**
 * Promise 3: of two calls with the same request one runs inside, and the other waits with a reservation inside. If it never uses the
 * reservation, however the first call ends, it holds room for nothing: a layer that joins calls must release the reservation when it joins.
 *
 * A layer that first does work of its own, or that calls inside when the first call fails, ends, or takes long, uses the reservation in one
 * of these cases.
 */
export const heldForNothing: Scenario = async ({ subject }) => {
  if (subject.absorbs) return nothingSeen;
  let breaches: readonly Breach[] = [];
  for (const ending of endings) {
    breaches = await idleReservation(subject, ending);
    if (breaches.length === 0) return nothingSeen;
  }
  return { breaches };
};

type Ending = (harness: Harness, first: Arrival) => void | Promise<void>;

/** The most timers that fire, for a layer that waits for a while before it calls. */
const patience = 10;

/** How the running call may end. */
const endings: readonly Ending[] = [
  ({ inner }, first) => inner.fail(first),
  ({ clients }) => clients.abort(clients.operations[0]!),
  async (harness) => {
    for (let fired = 0; fired < patience && harness.clock.next !== undefined; fired++) {
      await harness.advance(harness.clock.next);
    }
  },
  ({ inner }, first) => inner.respond(first),
];

/** The breach, if the second call holds a reservation while the first one runs, and does not use it after the first one has ended by `end`. */
async function idleReservation(subject: Required<Subject>, end: Ending): Promise<readonly Breach[]> {
  const breaches = await inHarness(subject, async (harness) => {
    const { clients, inner, trace } = harness;
    const [request] = subject.requests;
    clients.call(request);
    await harness.settle();
    const [first] = inner.inFlight;
    if (first === undefined) return;
    const second = clients.call(request);
    await harness.settle();
    const { length: arrived } = inner.arrivals;
    if (!second.open || arrived !== 1 || inner.mock.reserved === 0) return;
    const what = `while call 0 runs, #${second.id} holds a reservation inside, which it never uses, and nothing runs there for it`;
    const lines = [...trace.lines];
    await end(harness, first);
    await harness.settle();
    // Lets it finish, for it may call a while after the first one has ended.
    await harness.finish();
    if (!second.open && inner.arrivals.length === arrived) trace.broken("unneeded", what, lines);
  });
  return breaches.filter(({ sentence }) => sentence === "unneeded");
}
