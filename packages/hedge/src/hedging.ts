import type { Deadlines } from "@sluice/core/kit";
import type { HedgeDelay } from "./hedge-delay.ts";
import type { Settings } from "./options.ts";

/** What all requests of a layer have in common. */
export interface Hedging {
  readonly settings: Settings;
  readonly delay: HedgeDelay;
  readonly deadlines: Deadlines;
  /** What is in all events. */
  readonly about: { readonly layer: string; readonly label: string | undefined; readonly source: object };
  /** Further attempts that were made. */
  hedges: number;
  /** Requests that a further attempt answered. */
  wins: number;
  /** Moments at which the service inside had no room. */
  skipped: number;
  /** Moments at which the budget had none left. */
  denied: number;
  /** Attempts that lost and have not settled. */
  abandoned: number;
}
