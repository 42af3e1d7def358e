import { isPermitSpentError } from "@sluice/core";
import { show } from "@sluice/core/kit";
import type { Errand, Held } from "../driver/operation.ts";
import { ownerOf } from "../driver/operation.ts";
import { nobody } from "../driver/inner-service.ts";
import { mostMeasured } from "../driver/most-measured.ts";
import type { World } from "../driver/harness.ts";

/** Uses a permit that was spent or given back, and looks whether that does anything. Everything must have come to rest. */
export async function useAgain(world: World, held: Held, how: "call" | "release"): Promise<void> {
  const { callers, chronicle, inside, subject } = world;
  const counts = (): string => {
    const { calls, released, reserved } = inside.mock;
    return [calls, released, reserved].join();
  };
  // Whoever still moves changes that, too.
  const quiet = inside.mock.failure === undefined && callers.errands.every(({ open, works }) => !open && works === 0);
  const room = quiet ? await world.capacity(mostMeasured) : 0;
  const before = counts();
  if (how === "call") {
    const errand = callers.errand("call", held.request, held.told);
    chronicle.did(`#${errand.id} permit.call(${show(held.request)}) on a permit that was used`);
    callers.start(errand, false, (options) => held.permit.call(held.request, options));
    await world.settle();
    if (!isPermitSpentError(errand.failure)) {
      chronicle.broken("spentOnce", "a second call on a permit did not reject with PermitSpentError");
    }
  } else {
    chronicle.did("permit.release() on a permit that was used");
    subject.context.run(nobody, () => {
      held.permit.release();
    });
    await world.settle();
  }
  const now = counts();
  if (quiet && (await world.capacity(mostMeasured)) !== room) {
    chronicle.broken("spentOnce", `a second ${how} on a permit changed how many can be reserved`);
  }
  if (now !== before) chronicle.broken("spentOnce", `a second ${how} on a permit reached the service inside`);
}

/**
 * Asks with a signal that is aborted already, the service or a permit, and looks whether that reaches anybody. Everything must have come
 * to rest.
 */
export async function askAborted(world: World, request: unknown, held: Held | undefined): Promise<void> {
  const { callers, chronicle, inside } = world;
  const { asked } = inside;
  const { length: arrived } = inside.arrivals;
  const others = callers.going.length > 0;
  const errands =
    held === undefined
      ? [askAbortedReady(world, request), askAbortedCall(world, request)]
      : [askAbortedCall(world, request, held)];
  await world.settle();
  for (const { id, failure, reason } of errands) {
    if (failure !== reason)
      chronicle.broken("abortedAlready", `#${id}, aborted already, did not reject with signal.reason itself`);
  }
  // A permit that was given back by this may have let somebody else in.
  const reached = inside.arrivals
    .slice(arrived)
    .some(({ call }) => !others || errands.some(({ id }) => id === ownerOf(call.options.deadline)));
  if (reached || (held === undefined && inside.asked !== asked)) {
    chronicle.broken("abortedAlready", "what was aborted already reached the service inside");
  }
}

function askAbortedReady({ callers, chronicle }: World, request: unknown): Errand {
  const errand = callers.errand("ready", request, true);
  errand.watched.abort(errand.reason);
  chronicle.did(`#${errand.id} ready(${show(request)}), aborted already`);
  callers.askReady(errand);
  return errand;
}

function askAbortedCall({ callers, chronicle, service }: World, request: unknown, held?: Held): Errand {
  const errand = callers.errand("call", request, true);
  errand.watched.abort(errand.reason);
  chronicle.did(`#${errand.id} ${held === undefined ? "call" : "permit.call"}(${show(request)}), aborted already`);
  if (held !== undefined) callers.use(held);
  callers.start(errand, false, (options) => (held?.permit ?? service).call(request, options));
  return errand;
}
