import type { RedisServer, SlowLink } from "@sluice/test-kit/redis";
import type { Fleet, Seen } from "./fleet.ts";
import type { Load, Peer, RateSettings, SlotSettings } from "./settings.ts";

/** A fault of a fleet, and what must hold in spite of it. */
export interface Fault {
  readonly name: string;
  readonly limit: RateSettings | SlotSettings;
  /** One for each member. */
  readonly loads: readonly Load[];
  /** The offset of each member's clock: ms. Default: 0. */
  readonly skews?: readonly number[];
  /** The one-way latency of the link to the store: ms. Default: no link. */
  readonly delay?: number;
  /** How long the load lasts: ms. */
  readonly lasts: number;
  /** The other libraries that it is run with, on request. Their results are only printed. */
  readonly peers?: readonly Peer[];
  /** Also in `npm test`. */
  readonly quick?: boolean;
  /** Causes the fault, while the load lasts. Returns the time at which it should be over; undefined where it does not end. */
  readonly happens?: (scene: Scene) => Promise<number>;
  /** The broken conditions, one sentence each. */
  readonly wrong: (outcome: Outcome) => readonly string[];
}

export interface Scene {
  readonly server: RedisServer;
  readonly fleet: Fleet;
  readonly link: SlowLink | undefined;
  /** Resolves `ms` milliseconds after the load began. */
  readonly at: (ms: number) => Promise<void>;
}

export interface Outcome {
  readonly seen: readonly Seen[];
  /** When the load began and ended, on the machine's clock. */
  readonly began: number;
  readonly ended: number;
  /** When the fault should be over. */
  readonly well: number;
}
