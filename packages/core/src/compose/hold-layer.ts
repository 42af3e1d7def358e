import type { About } from "../contract/about.ts";
import type { Keeps, Kind } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import type { HandlerOptions } from "../contract/service.ts";
import { readAbout } from "../kit/about.ts";
import { readOption, requireFunction, requireMethods, requireName } from "../kit/check.ts";
import { report } from "../kit/report.ts";
import { type Behaviour, Reservation } from "../stack/reservation.ts";
import { ask } from "../stack/ask.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { type Inside, startAtEdge } from "./inside.ts";
import { layerFn } from "./layer-fn.ts";

/** Who asked for readiness, and is told what became of it: exactly one of the two is called, once. Neither throws. */
export interface Questioner {
  /** The permit is there. */
  readonly granted: () => void;
  /** There is none, and why. */
  readonly failed: (reason: unknown) => void;
}

/** The caller of a layer, as who asked for readiness. */
export interface QuestioningCaller extends Questioner {
  /** Aborted when the caller gives up. */
  readonly signal: AbortSignal | undefined;
}

/** What a layer holds for each call, from its reservation on, and what it does with it. */
export interface Holding<State> {
  /**
   * Makes what is held, whenever readiness is asked for; `request` is undefined for a blind reservation. It may run twice for a
   * call that waits, the first being cancelled. What it throws is a failure of readiness. It never waits: who must wait is a gate.
   */
  readonly reserve: (request: any) => State;
  /** The request that the service inside reserves for; default the same. */
  readonly ask?: ((state: State, request: any) => unknown) | undefined;
  /**
   * Begins the call and returns its answer, a native promise. It uses `inside` exactly once. `request` may be another one than was
   * reserved for. What it throws before it has used `inside` is a rejection, and all is cancelled.
   */
  readonly start: (state: State, inside: Inside, request: any, options: HandlerOptions) => Promise<unknown>;
  /** Releases what is held, unused; also where the service inside has no room. What it throws is reported. Default: nothing. */
  readonly cancel?: ((state: State) => void) | undefined;
  /** As `cancel`, where the readiness of the service inside fails; `reason` is also what the caller is told. Default: `cancel`. */
  readonly failed?: ((state: State, reason: unknown) => void) | undefined;
  /**
   * Asks the service inside, for a caller that may have to wait; default `ask(caller)`. For a layer that measures the wait, or runs it in
   * an async context of its own. It calls `ask` exactly once, before it returns. Whom `ask` is given is told in the async context in
   * which `ask` was called, at once where there is no wait; it tells `caller`, in the same turn and in the async context in which `wait`
   * was called. What `wait` throws before it has called `ask` is a failure of readiness.
   */
  readonly wait?:
    | ((state: State, ask: (questioner: Questioner) => void, caller: QuestioningCaller) => void)
    | undefined;
}

/**
 * A layer that holds something for each call from its reservation on: a mapped request, a place of another kind.
 *
 * @param name what `describe()` calls it: the name of the function that makes the layer
 * @param about what the layer says of itself, for tools that show or judge a stack; default nothing
 * @throws TypeError when `name` is not a non-empty string, a member of `holding` is not a function, or a member of `about` is not what
 *   it must be
 */
export function holdLayer<K extends Kind = Keeps, State = unknown>(
  name: string,
  holding: Holding<State>,
  about?: About,
): Layer<K> {
  requireName("holdLayer", name);
  requireMethods("holdLayer", "holding", holding, "what to hold", ["reserve", "start"]);
  for (const method of ["ask", "cancel", "failed", "wait"]) {
    const given = readOption("holdLayer", holding, method);
    if (given !== undefined) requireFunction("holdLayer", method, given);
  }
  const { reserve: make, ask: askFor = (_state, request: unknown) => request, start, cancel, failed, wait } = holding;
  const giveBack = (state: State): void => {
    try {
      cancel?.(state);
    } catch (error) {
      report(error);
    }
  };
  const fail = (state: State, reason: unknown): void => {
    if (failed === undefined) {
      giveBack(state);
      return;
    }
    try {
      failed(state, reason);
    } catch (error) {
      report(error);
    }
  };
  const behaviour: Behaviour<State> = {
    start: ({ state, inner }, request, options, edge) =>
      edge
        ? startAtEdge(inner, (inside) => start(state, inside, request, options))
        : start(state, inner, request, options),
    cancel({ state, inner }) {
      inner.cancel();
      giveBack(state);
    },
  };
  const held = (state: State, inner: Reservation): Reservation => new Reservation<any>(behaviour, state, inner);
  return layerFn<K>(
    name,
    (service) => {
      const inner = stackOf(service);
      return stackService({
        tryReserve(request) {
          const state = make(request);
          let reservation: Reservation | undefined;
          try {
            reservation = inner.tryReserve(askFor(state, request));
          } catch (reason) {
            fail(state, reason);
            throw reason;
          }
          if (reservation !== undefined) return held(state, reservation);
          giveBack(state);
          return undefined;
        },
        reserve(asker) {
          let state: State;
          let request: unknown;
          try {
            state = make(asker.request);
          } catch (error) {
            asker.failed(error);
            return;
          }
          const failedInside = (reason: unknown): void => {
            fail(state, reason);
            asker.failed(reason);
          };
          try {
            request = askFor(state, asker.request);
          } catch (error) {
            failedInside(error);
            return;
          }
          const { signal, deadline } = asker;
          const options = { request, signal, deadline };
          if (wait === undefined) {
            ask(inner, options, (reservation) => asker.granted(held(state, reservation)), failedInside);
            return;
          }
          let asked = false;
          let granted: Reservation;
          const askInside = (questioner: Questioner): void => {
            asked = true;
            ask(
              inner,
              options,
              (reservation) => {
                granted = reservation;
                questioner.granted();
              },
              (reason) => questioner.failed(reason),
            );
          };
          try {
            wait(state, askInside, {
              signal,
              granted: () => asker.granted(held(state, granted)),
              failed: failedInside,
            });
          } catch (error) {
            if (asked) report(error);
            else failedInside(error);
          }
        },
      });
    },
    undefined,
    readAbout("holdLayer", about),
  );
}
