import type { AnyLayer } from "@sluice/core";
import type { VirtualClock } from "../../clock/virtual-clock.ts";
import type { AsyncContext } from "./async-context.ts";

/** The layer under check, and its properties. */
export interface Subject {
  /** Makes a new layer. */
  readonly make: (given: { readonly clock: VirtualClock }) => AnyLayer;
  readonly requests: readonly unknown[];
  readonly responses: readonly unknown[];
  /** Whether it does asynchronous work before a call goes on. */
  readonly defers: boolean;
  /** Whether it only observes answers. */
  readonly observes: boolean;
  /** Whether it serves waiting callers in another order than first in, first out. */
  readonly orders: boolean;
  /** Whether it answers some requests by itself, without a reservation inside. */
  readonly answers: boolean;
  /** Whether it has no room before it was first asked. */
  readonly warms: boolean;
  /** Settles when capacity that arrives in the background is there. */
  readonly ready: ((layer: AnyLayer) => PromiseLike<unknown>) | undefined;
  /** Tells the id of the operation for which code runs. */
  readonly context: AsyncContext<number>;
  /** Whether it is ready although the inner service is not; undefined until that is detected. */
  readonly absorbs?: boolean;
  /** Whether it reserves another service besides the inner one; undefined until that is detected. */
  readonly joins?: boolean;
  /** How many permits can be reserved at the same time of a new layer, at most {@link mostMeasured}; undefined until that is measured. */
  readonly capacity?: number;
}

/** Capacity is counted up to this: a layer with as much counts as unlimited. */
export const mostMeasured = 6;
