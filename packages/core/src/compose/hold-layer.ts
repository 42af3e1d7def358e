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
  /** Gives back what is held, unused; also where the service inside has no room. What it throws is reported. Default: nothing. */
  readonly cancel?: ((state: State) => void) | undefined;
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
  for (const method of ["ask", "cancel"]) {
    const given = readOption("holdLayer", holding, method);
    if (given !== undefined) requireFunction("holdLayer", method, given);
  }
  const { reserve: make, ask: askFor = (_state, request: unknown) => request, start, cancel } = holding;
  const giveBack = (state: State): void => {
    try {
      cancel?.(state);
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
          } finally {
            if (reservation === undefined) giveBack(state);
          }
          return reservation && held(state, reservation);
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
          const fail = (reason: unknown): void => {
            giveBack(state);
            asker.failed(reason);
          };
          try {
            request = askFor(state, asker.request);
          } catch (error) {
            fail(error);
            return;
          }
          const { signal, deadline } = asker;
          ask(inner, { request, signal, deadline }, (reservation) => asker.granted(held(state, reservation)), fail);
        },
      });
    },
    undefined,
    readAbout("holdLayer", about),
  );
}
