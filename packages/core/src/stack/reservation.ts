import type { CallOptions, HandlerOptions } from "../contract/service.ts";

/**
 * What a layer does with a reservation it made. Every layer's is a literal of this one shape, and every reservation an
 * object of one class, so that call sites stay monomorphic however many differing stacks a process has.
 */
export interface Behaviour<State> {
  /**
   * Begins the call. It may throw as long as nothing inside has been started: the reservation then cancels itself, and the call
   * rejects with what was thrown.
   *
   * @param edge whether the promise goes to a caller outside the stack. A promise with an observer at its side counts
   *   as handled, so an observer must then return the observed promise and not the original one, or a failure that the caller
   *   ignores is never reported as unhandled. Layers that pass an answer on as it is pass `edge` inwards;
   *   layers that answer with a promise of their own pass false.
   */
  start(reservation: Reservation<State>, request: unknown, options: HandlerOptions, edge: boolean): Promise<unknown>;
  /** Releases what `reservation` holds: the innermost first. Never throws. */
  cancel(reservation: Reservation<State>): void;
}

/**
 * What layers hand each other: a permit without the checks. Its holder starts it once or cancels it once; callers outside get a permit around the outermost one.
 */
export class Reservation<State = unknown> {
  /** What this layer does with it. */
  readonly behaviour: Behaviour<State>;
  /** What this layer holds for the call: a lease, the request, … */
  readonly state: State;
  /** What is reserved inside. */
  readonly inner: Reservation;
  /** The latest of {@link wrapped} around this one. */
  outer: Reservation | undefined = undefined;

  constructor(behaviour: Behaviour<State>, state: State, inner: Reservation) {
    this.behaviour = behaviour;
    this.state = state;
    // A chain of reservations forgets the types of what each holds: only its own behaviour looks inside.
    this.inner = inner;
  }

  /** Spends it. Never throws. See {@link Behaviour.start}. */
  start(request: unknown, options: CallOptions, edge = false): Promise<unknown> {
    try {
      // A member that is undefined is as good as an absent one, except in the types.
      return this.behaviour.start(this, request, options as HandlerOptions, edge);
    } catch (error) {
      // The net for all layers: outer layers see a call that failed, and release what they hold.
      this.cancel();
      return Promise.reject(error);
    }
  }

  /** Gives it back. */
  cancel(): void {
    this.behaviour.cancel(this);
  }
}

/** Further in than the innermost: nothing is held there. */
export const nothing: Reservation = new Reservation<unknown>(
  {
    start: () => Promise.reject(new TypeError("There is no service inside a leaf.")),
    cancel() {},
  },
  undefined,
  undefined as unknown as Reservation,
);

/**
 * `inner` with `behaviour` around it, for a layer that holds nothing for the call itself. Where `inner` is granted again and again, as a slot
 * is, it is the same object again: it allocates nothing.
 */
export function wrapped(behaviour: Behaviour<any>, inner: Reservation): Reservation {
  let { outer } = inner;
  if (outer?.behaviour !== behaviour) {
    outer = new Reservation<any>(behaviour, undefined, inner);
    inner.outer = outer;
  }
  return outer;
}
