import { abortReason } from "../contract/abort-reason.ts";
import { dispose } from "../contract/dispose.ts";
import {
  type AnyService,
  type CallOptions,
  type Permit,
  type ReadyOptions,
  Service,
  noOptions,
} from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { takeRefusal } from "../errors/refusal.ts";
import { enterLayers, leaveLayers } from "../kit/cached-time.ts";
import type { Stack } from "./asker.ts";
import { EdgeAsker } from "./edge-asker.ts";
import { type Held, leakWatch } from "./leak-watch.ts";
import { requireWanted } from "./require-wanted.ts";
import { permitStack } from "./permit-stack.ts";
import type { Reservation } from "./reservation.ts";

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
    // What an earlier question has left says nothing of this one.
    takeRefusal();
    try {
      const reservation = this.tryReserve(request);
      return reservation && new StackPermit(leakWatch.watch?.(this, "tryReady")(reservation) ?? reservation);
    } finally {
      leaveLayers();
    }
  }

  override ready(options: ReadyOptions<Req> = {}): Promise<Permit<Req, Res, Err>> {
    try {
      requireWanted("ready", options);
      // Each is read once more and never again: a waiter may hold something by then.
      const { request, signal, deadline } = options;
      const asker = new PermitAsker<Req, Res, Err>(request, signal, deadline, leakWatch.watch?.(this, "ready"));
      enterLayers();
      this.reserve(asker);
      return Promise.resolve(asker.answer(true));
    } catch (error) {
      return Promise.reject(error);
    } finally {
      leaveLayers();
    }
  }

  override call(request: Req, options: CallOptions = noOptions): Promise<Res> {
    try {
      requireWanted("call", options);
      enterLayers();
      const reservation = this.tryReserve(request);
      if (reservation !== undefined) return reservation.start(request, options, true) as Promise<Res>;
      const asker = new CallAsker(request, options);
      this.reserve(asker);
      return asker.answer(true) as Promise<Res>;
    } catch (error) {
      return Promise.reject(error);
    } finally {
      leaveLayers();
    }
  }
}

/** Waits for readiness, then calls. */
class CallAsker extends EdgeAsker<unknown> {
  private readonly callOptions: CallOptions;

  constructor(request: unknown, options: CallOptions) {
    super(request, options.signal, options.deadline);
    this.callOptions = options;
  }

  protected override begin(reservation: Reservation, edge: boolean): Promise<unknown> {
    const { signal } = this;
    if (!signal?.aborted) return reservation.start(this.request, this.callOptions, edge);
    // The abort came between the grant and now.
    reservation.cancel();
    return Promise.reject(abortReason(signal));
  }
}

/** Waits for a permit. */
class PermitAsker<Req, Res, Err> extends EdgeAsker<Permit<Req, Res, Err>> {
  private readonly watched: ((held: Held) => Held) | undefined;

  constructor(
    request: Req | undefined,
    signal: AbortSignal | undefined,
    deadline: number | undefined,
    watched: ((held: Held) => Held) | undefined,
  ) {
    super(request, signal, deadline);
    this.watched = watched;
  }

  protected override begin(reservation: Reservation): Permit<Req, Res, Err> {
    return new StackPermit(this.watched?.(reservation) ?? reservation);
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

  [dispose](): void {
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
