import { enterLayers, leaveLayers } from "./clock.ts";
import { type Held, leakWatch } from "./leak-watch.ts";
import { report } from "./observe.ts";
import { promiseOf } from "./promise-of.ts";
import { requireWanted } from "./require-wanted.ts";
import { nothing, Reservation, type Behaviour } from "./reservation.ts";
import {
  type AnyService,
  type CallOptions,
  noOptions,
  type Permit,
  type ReadyOptions,
  Service,
  spentAlready,
} from "./service.ts";
import { wait } from "./wait.ts";
import { withResolvers } from "./with-resolvers.ts";

/** A service as layers see it: reservations instead of permits, and callbacks instead of promises. */
export interface Stack {
  /** As `tryReady`. Throws what `reserve` would fail with. */
  readonly tryReserve: (request: unknown) => Reservation | undefined;
  /**
   * As `ready`. Tells exactly one of the two, exactly once: synchronously where nobody has to wait, so that readiness
   * costs no microtask, and whoever is granted in one line joins the next one in the same turn. Neither may throw, and
   * both are called in the async context of the caller who asked.
   */
  readonly reserve: (
    options: ReadyOptions<unknown>,
    granted: (reservation: Reservation) => void,
    failed: (reason: unknown) => void,
  ) => void;
}

/** The service that a stack is to callers outside. */
class StackService<in Req, out Res, out Err> extends Service<Req, Res, Err> implements Stack {
  readonly tryReserve: Stack["tryReserve"];
  readonly reserve: Stack["reserve"];

  constructor(stack: Stack) {
    super();
    this.tryReserve = stack.tryReserve;
    this.reserve = stack.reserve;
  }

  override tryReady(request?: Req): Permit<Req, Res, Err> | undefined {
    enterLayers();
    try {
      const reservation = this.tryReserve(request);
      return reservation && new StackPermit(leakWatch.watch?.(this, "tryReady")(reservation) ?? reservation);
    } finally {
      leaveLayers();
    }
  }

  override ready(options: ReadyOptions<Req> = {}): Promise<Permit<Req, Res, Err>> {
    return new Promise((resolve, reject) => {
      requireWanted("ready", options);
      // Each is read once more and never again: whoever waits holds something by then.
      const { request, signal, deadline } = options;
      const watched = leakWatch.watch?.(this, "ready");
      enterLayers();
      try {
        this.reserve(
          { request, signal, deadline },
          (reservation) => {
            resolve(new StackPermit(watched?.(reservation) ?? reservation));
          },
          reject,
        );
      } finally {
        leaveLayers();
      }
    });
  }

  override call(request: Req, options: CallOptions = noOptions): Promise<Res> {
    try {
      requireWanted("call", options);
      enterLayers();
      const reservation = this.tryReserve(request);
      if (reservation !== undefined) return reservation.start(request, options, true) as Promise<Res>;
      return this.waitAndCall(request, options);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      leaveLayers();
    }
  }

  private waitAndCall(request: Req, options: CallOptions): Promise<Res> {
    const { signal, deadline } = options;
    const { promise, resolve, reject } = withResolvers<Res>();
    this.reserve(
      { request, signal, deadline },
      (reservation) => {
        // The abort may have come between the grant and now.
        if (signal?.aborted) {
          reservation.cancel();
          reject(signal.reason);
        } else {
          (reservation.start(request, options, false) as Promise<Res>).then(resolve, reject);
        }
      },
      reject,
    );
    return promise;
  }
}

/** The checked, single-use permit around a whole stack. */
class StackPermit<in Req, out Res, out Err> implements Permit<Req, Res, Err> {
  declare readonly "~failure"?: (() => Err) | undefined;
  private held: Held | undefined;

  constructor(reservation: Held) {
    this.held = reservation;
  }

  call(request: Req, options: CallOptions = noOptions): Promise<Res> {
    const reservation = this.held;
    if (reservation === undefined) return spentAlready();
    this.held = undefined;
    try {
      requireWanted("call", options);
      enterLayers();
      return reservation.start(request, options, true) as Promise<Res>;
    } catch (error) {
      reservation.cancel();
      return Promise.reject(error);
    } finally {
      leaveLayers();
    }
  }

  release(): void {
    const reservation = this.held;
    this.held = undefined;
    reservation?.cancel();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** The service that a stack is to callers outside. */
export function stackService(stack: Stack): Service<any, any, any> {
  return new StackService(stack);
}

/** Any service as layers see it: our own as it is, another's through its permits. */
export function stackOf(service: AnyService): Stack {
  return service instanceof StackService ? service : permitStack(service as Service<unknown, unknown>);
}

/** The stack of a layer that leaves readiness alone: whatever is reserved inside it is held with `behaviour` around it. */
export function around(inner: Stack, behaviour: Behaviour<undefined>): Stack {
  const held = (reservation: Reservation): Reservation => new Reservation<any>(behaviour, undefined, reservation);
  return {
    tryReserve(request) {
      const reservation = inner.tryReserve(request);
      return reservation && held(reservation);
    },
    reserve(options, granted, failed) {
      inner.reserve(
        options,
        (reservation) => {
          granted(held(reservation));
        },
        failed,
      );
    },
  };
}

const permitBehaviour: Behaviour<Permit<unknown, unknown>> = {
  start({ state: permit }, request, options) {
    leaveLayers();
    try {
      return promiseOf(permit.call(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  },
  cancel({ state: permit }) {
    giveBack(permit);
  },
};

/** Releases a permit of another's making. One that throws then must not keep those further out from giving back theirs. */
function giveBack(permit: Permit<unknown, unknown>): void {
  try {
    permit.release();
  } catch (error) {
    report(error);
  }
}

function permitStack(service: Service<unknown, unknown>): Stack {
  const held = (permit: Permit<unknown, unknown>): Reservation =>
    new Reservation<any>(permitBehaviour, permit, nothing);
  return {
    tryReserve(request) {
      const permit = service.tryReady(request);
      return permit && held(permit);
    },
    reserve(options, granted, failed) {
      let waiting: Promise<Permit<unknown, unknown>>;
      try {
        const permit = service.tryReady(options.request);
        if (permit !== undefined) {
          granted(held(permit));
          return;
        }
        options.signal?.throwIfAborted();
        waiting = promiseOf(service.ready(options));
      } catch (error) {
        failed(error);
        return;
      }
      const { signal } = options;
      wait(
        waiting,
        signal,
        (permit) => {
          granted(held(permit));
        },
        failed,
        giveBack,
      );
    },
  };
}
