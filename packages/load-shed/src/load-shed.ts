import {
  type Adds,
  type Clock,
  events,
  isOverloadedError,
  type Layer,
  layerFn,
  OverloadedError,
  type Refusal,
  takeRefusal,
} from "@sluice/core";
import {
  type Behaviour,
  leaveRefusal,
  nothing,
  Reservation,
  type Stack,
  stackOf,
  stackService,
} from "@sluice/core/internal";
import {
  Deadlines,
  isOwnAbort,
  readOptions,
  requireClock,
  requireDuration,
  requireLabel,
  requireNear,
  throwIfAborted,
  timeOf,
} from "@sluice/core/kit";
import { type Patience, PatientCaller } from "./patient-caller.ts";

/** Options of {@link loadShed}. */
export interface LoadShedOptions {
  /**
   * How long a caller waits for readiness before it is refused: milliseconds, 0 to 2^31-1; default 0. For capacity that is known a
   * moment later, such as a limit that many machines share.
   */
  readonly wait?: number | undefined;
  /** What a refusal says where the layer that refused knows no time: milliseconds, 0 to 2^31-1; default: nothing. */
  readonly retryAfter?: number | undefined;
  /** Where time is read and the timer for `wait` is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from others of its kind, in events. Default: none. */
  readonly label?: string | undefined;
}

/** A layer that refuses at once what would have to wait. One value counts for all the services that it wraps. */
export interface LoadShedLayer extends Layer<Adds<OverloadedError>> {
  /** Calls refused, from the beginning. */
  readonly refused: number;
  /** The same, by the name of the layer that refused; `"unknown"` where it left none. */
  readonly refusedBy: ReadonlyMap<string, number>;
  /** Callers that wait for readiness now; 0 without `wait`. */
  readonly waiting: number;
}

const name = "loadShed";

/**
 * Always ready. Where the service inside is not, the call rejects with `OverloadedError`: `layer` names who refused, `reason` says
 * why, and `retryAfter` in how many milliseconds another attempt may succeed, where that is known. It asks once, when the
 * permit is reserved, and never waits: no waiter of its own stands in a line further inside. Failures of the service inside stay
 * failures, and so are refusals that it throws, such as that of an open circuit.
 *
 * With `wait`, only what cannot be had within that time is refused, or what is known from the start to take longer. Then
 * `tryReady` returns undefined while waiting may help, and `ready` and `call` wait inside for at most so long.
 *
 * @example
 * const service = new ServiceBuilder().layer(loadShed()).layer(concurrencyLimit(64)).serviceFn(ask);
 * await service.call(request); // an answer, or OverloadedError at once
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function loadShed(options?: LoadShedOptions): LoadShedLayer {
  const read = readOptions(name, options, ["wait", "retryAfter", "clock", "label"]);
  const wait = read.wait === undefined ? 0 : requireDuration(name, "wait", read.wait);
  const { retryAfter, label } = read;
  if (retryAfter !== undefined) requireDuration(name, "retryAfter", retryAfter);
  requireLabel(name, label);
  const clock = requireClock(name, read.clock);
  const patience: Patience = { deadlines: new Deadlines(clock), waiting: 0 };
  let refused = 0;
  const refusedBy = new Map<string, number>();

  const behaviour: Behaviour<Refusal | undefined> = {
    start({ state: refusal }) {
      const by = refusal?.layer ?? "unknown";
      refused++;
      refusedBy.set(by, (refusedBy.get(by) ?? 0) + 1);
      const error = new OverloadedError(refusal?.layer, { ...refusal, retryAfter: refusal?.retryAfter ?? retryAfter });
      if (events.listening) {
        const byLabel = refusal?.label;
        events.emit({ type: "shed", layer: name, label, source, by, byLabel, retryAfter: error.retryAfter });
      }
      return Promise.reject(error);
    },
    cancel() {},
  };
  const source = behaviour;
  const shed = (refusal: Refusal | undefined): Reservation => new Reservation<any>(behaviour, refusal, nothing);
  /** A reservation inside, or why there is none. */
  const tryInside = (inner: Stack, request: unknown): Reservation | { readonly refusal: Refusal | undefined } => {
    // Discards a refusal left by an earlier, unrelated question.
    takeRefusal();
    return inner.tryReserve(request) ?? { refusal: takeRefusal() };
  };
  const mayHelp = (refusal: Refusal | undefined): boolean => wait > 0 && (refusal?.retryAfter ?? wait) <= wait;

  const layer = layerFn<Adds<OverloadedError>>(
    name,
    (service) => {
      const inner = stackOf(service);
      return stackService({
        tryReserve(request) {
          const found = tryInside(inner, request);
          if (found instanceof Reservation) return found;
          const { refusal } = found;
          if (!mayHelp(refusal)) return shed(refusal);
          // A caller that cannot wait is refused further out, in the name of the layer that refused here.
          if (refusal !== undefined) leaveRefusal(refusal);
          return undefined;
        },
        reserve(asker) {
          let found: ReturnType<typeof tryInside>;
          try {
            found = tryInside(inner, asker.request);
          } catch (reason) {
            asker.failed(reason);
            return;
          }
          if (found instanceof Reservation) asker.granted(found);
          else if (!mayHelp(found.refusal)) asker.granted(shed(found.refusal));
          else {
            const { refusal } = found;
            const now = timeOf(clock);
            try {
              // Asking may have called a function of the caller's, which has aborted it.
              throwIfAborted(asker.signal);
              if (asker.deadline !== undefined) requireNear(name, asker.deadline, now);
            } catch (error) {
              asker.failed(error);
              return;
            }
            const late = (): void => asker.granted(shed(refusal));
            new PatientCaller(patience, asker, now + wait).wait(inner, late, (reason) => {
              // A rate inside knows that it will be late, by the deadline.
              if (isOverloadedError(reason) && !isOwnAbort(asker.signal, reason)) {
                asker.granted(shed(reason as Refusal));
              } else asker.failed(reason);
            });
          }
        },
      });
    },
    undefined,
    { label, traits: ["sheds"], facts: { wait, retryAfter } },
  );
  return {
    ...layer,
    refusedBy,
    get refused() {
      return refused;
    },
    get waiting() {
      return patience.waiting;
    },
  };
}
