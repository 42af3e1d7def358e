import { isPermitSpentError } from "@sluice/core";
import { show } from "@sluice/core/kit";
import type { Harness } from "../driver/harness.ts";
import { nobody } from "../driver/inner-service.ts";
import { type Held, type Operation, ownerOf } from "../driver/operation.ts";

/** Promise 2: uses a permit that was spent or released, and checks that this has no effect. Only at rest. */
export async function useAgain(harness: Harness, held: Held, how: "call" | "release"): Promise<void> {
  const { clients, trace, inner, subject } = harness;
  const counts = (): string => {
    const { calls, released, reserved } = inner.mock;
    return [calls, released, reserved].join();
  };
  // An operation in progress may change the room at the same time.
  const quiet =
    inner.mock.failure === undefined && clients.operations.every(({ open, pendingWork }) => !open && pendingWork === 0);
  const room = quiet ? await roomOf(harness) : 0;
  // In a layer that remembers refusals, counting the room changes the room.
  const countable = quiet && (await roomOf(harness)) === room;
  const before = counts();
  if (how === "call") {
    const operation = clients.begin("call", held.request, held.told);
    trace.did(`#${operation.id} permit.call(${show(held.request)}) on a permit that was used`);
    clients.start(operation, false, (options) => held.permit.call(held.request, options));
    await harness.settle();
    if (!isPermitSpentError(operation.failure)) {
      trace.broken("spentOnce", "a second call on a permit did not reject with PermitSpentError");
    }
  } else {
    trace.did("permit.release() on a permit that was used");
    subject.context.run(nobody, () => {
      held.permit.release();
    });
    await harness.settle();
  }
  const now = counts();
  if (countable && (await roomOf(harness)) !== room) {
    trace.broken("spentOnce", `a second ${how} on a permit changed how many can be reserved`);
  }
  if (now !== before) trace.broken("spentOnce", `a second ${how} on a permit reached the service inside`);
}

async function roomOf(harness: Harness): Promise<number> {
  await harness.prepare();
  return harness.capacity();
}

/**
 * Promise 5: calls with a signal that is already aborted, on the service or on a permit, and checks that the inner service is not reached.
 * Only at rest.
 */
export async function askAborted(harness: Harness, request: unknown, held: Held | undefined): Promise<void> {
  const { clients, trace, inner } = harness;
  const { asked } = inner;
  const { length: arrived } = inner.arrivals;
  const others = clients.going.length > 0;
  const operations =
    held === undefined
      ? [askAbortedReady(harness, request), askAbortedCall(harness, request)]
      : [askAbortedCall(harness, request, held)];
  await harness.settle();
  for (const { id, failure, reason } of operations) {
    if (failure !== reason)
      trace.broken("abortedAlready", `#${id}, aborted already, did not reject with signal.reason itself`);
  }
  // This releases the permit, which may admit another operation: its arrival is not a breach.
  const reached = inner.arrivals
    .slice(arrived)
    .some(({ call }) => !others || operations.some(({ id }) => id === ownerOf(call.options.deadline)));
  if (reached || (held === undefined && inner.asked !== asked)) {
    trace.broken("abortedAlready", "a call with an aborted signal reached the service inside");
  }
}

function askAbortedReady({ clients, trace }: Harness, request: unknown): Operation {
  const operation = clients.begin("ready", request, true);
  operation.watched.abort(operation.reason);
  trace.did(`#${operation.id} ready(${show(request)}), aborted already`);
  clients.askReady(operation);
  return operation;
}

function askAbortedCall({ clients, trace, service }: Harness, request: unknown, held?: Held): Operation {
  const operation = clients.begin("call", request, true);
  operation.watched.abort(operation.reason);
  trace.did(`#${operation.id} ${held === undefined ? "call" : "permit.call"}(${show(request)}), aborted already`);
  if (held !== undefined) clients.use(held);
  clients.start(operation, false, (options) => (held?.permit ?? service).call(request, options));
  return operation;
}
