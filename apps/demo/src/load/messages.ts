import type { ByRoute } from "../routes.ts";
import type { Tally } from "./tally.ts";

/** What is asked for. */
export interface Offer {
  /** Requests a second, for each route. */
  readonly rates: ByRoute<number>;
  /** So many more a second, of the greedy client. */
  readonly greedy: number;
  /** Whether important requests say that they are. Default true. */
  readonly isMarked?: boolean;
}

/** What the generator is told. */
export type LoadTold =
  | ({ readonly kind: "offer"; readonly phase: string } & Offer)
  | { readonly kind: "rest" }
  | { readonly kind: "report" }
  | { readonly kind: "measure"; readonly ports: ByRoute<number>; readonly ms: number };

/** What the generator says. */
export type LoadSays =
  | { readonly kind: "tallies"; readonly tallies: Readonly<Record<string, ByRoute<Tally>>> }
  | {
      readonly kind: "report";
      readonly tallies: Readonly<Record<string, ByRoute<Tally>>>;
      /** For how long the generator itself was held up at most, in ms, by phase. */
      readonly heldUp: Readonly<Record<string, number>>;
    }
  | { readonly kind: "capacity"; readonly capacity: ByRoute<number> };

/** For how long a client waits, in ms. What comes later is no goodput. */
export const patience = 1000;

/** On each request of a load generator, so that a gateway that logs can leave them out. */
export const loadHeader = "x-demo-load";

/** On each request: which client asks. */
export const clientHeader = "x-client";

/** With the value {@link important}: this one comes before others where there is too much to do. */
export const priorityHeader = "x-priority";
export const important = "important";
