import type { AnyLayer } from "@sluice/core";
import type { AsyncContext } from "./async-context.ts";
import type { VirtualClock } from "../../clock/virtual-clock.ts";

/** A layer that is checked, and with what. */
export interface Subject {
  /** Makes it anew. */
  readonly make: (given: { readonly clock: VirtualClock }) => AnyLayer;
  readonly requests: readonly unknown[];
  readonly responses: readonly unknown[];
  /** Whether it has something of its own to do, asynchronously, before a call goes on. */
  readonly defers: boolean;
  /** Whether it does no more about an answer than look at it. */
  readonly observes: boolean;
  /** Says which errand code runs for. */
  readonly context: AsyncContext<number>;
  /** Whether it is ready though the service inside is not; undefined while that is not known. */
  readonly absorbs?: boolean;
  /** Whether it reserves another service besides the one inside; undefined while that is not known. */
  readonly joins?: boolean;
  /** How many can be reserved at once when nothing has happened yet, up to a few; undefined while that is not known. */
  readonly capacity?: number;
}
