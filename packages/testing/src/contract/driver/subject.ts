import type { AnyLayer } from "@sluice/core";
import type { VirtualClock } from "../../clock/virtual-clock.ts";
import type { AsyncContext } from "./async-context.ts";

/** The layer under check, with what is known of it. */
export interface Subject {
  /** Makes the layer anew. */
  readonly make: (given: { readonly clock: VirtualClock }) => AnyLayer;
  readonly requests: readonly unknown[];
  readonly responses: readonly unknown[];
  /** Whether it does something of its own, asynchronously, before a call goes on. */
  readonly defers: boolean;
  /** Whether it does no more about an answer than observe it. */
  readonly observes: boolean;
  /** Whether it serves those who wait in an order of its own. */
  readonly orders: boolean;
  /** Whether it answers some requests by itself, without a reservation inside. */
  readonly answers: boolean;
  /** Whether it has no room until it was first asked for some. */
  readonly warms: boolean;
  /** Settles when capacity that arrives in the background is there. */
  readonly ready: ((layer: AnyLayer) => PromiseLike<unknown>) | undefined;
  /** The id of the operation that code runs for. */
  readonly context: AsyncContext<number>;
  /** Whether it is ready though the inner service is not; undefined until that is found out. */
  readonly absorbs?: boolean;
  /** Whether it reserves another service besides the inner one; undefined until that is found out. */
  readonly joins?: boolean;
  /** How many permits can be reserved at once of a new layer, at most {@link mostMeasured}; undefined until that is found out. */
  readonly capacity?: number;
}

/** Capacity is counted up to here: a layer with as much is taken to have no limit. */
export const mostMeasured = 6;
