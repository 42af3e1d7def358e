import type { Member } from "./plan.ts";

/** What a gateway of the fleet is started with, as JSON on the command line. */
export interface MemberSettings {
  readonly name: Member;
  /** Where the store and the backend listen. */
  readonly store: number;
  readonly backend: number;
}

/** What a gateway of the fleet says. */
export type MemberSays =
  | { readonly kind: "listening"; readonly port: number }
  /** It takes the store for up, or for down, from `at` on. */
  | { readonly kind: "state"; readonly to: "up" | "down"; readonly at: number };

/** What the backend of the fleet says: when requests arrived since it said so last, and from whom. */
export type FleetBackendSays =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "arrivals"; readonly arrivals: readonly Arrival[] };

export type Arrival = readonly [from: Member, at: number];

/** The header by which a gateway says who it is. */
export const memberHeader = "x-gateway";

export type StoreTold = "pause" | "resume" | "end";
export interface StoreSays {
  readonly kind: "listening";
  readonly port: number;
}

/** Milliseconds on the machine's monotonic clock, the same in all processes. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
