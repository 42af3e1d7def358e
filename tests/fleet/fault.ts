import type { RedisServer, SlowLink } from "@sluice/test-kit/redis";
import type { Fleet, Seen } from "./fleet.ts";
import type { Load, Peer, RateSettings, SlotSettings } from "./settings.ts";

/** What is done to a fleet, and what must be seen of it all the same. */
export interface Fault {
  readonly name: string;
  readonly limit: RateSettings | SlotSettings;
  /** One for each member. */
  readonly loads: readonly Load[];
  /** How far off each member's clock is: ms. Default: not at all. */
  readonly skews?: readonly number[];
  /** Half a round trip that the link to the store adds: ms. Default: none, and no link. */
  readonly delay?: number;
  /** For how long the load lasts: ms. */
  readonly lasts: number;
  /** Who else it befalls, where they are asked for. What is seen of them is printed, and nothing more. */
  readonly peers?: readonly Peer[];
  /** Also in `npm test`. */
  readonly quick?: boolean;
  /** Does it, while the load lasts. Answers with the time at which all should be well again, if it ever is. */
  readonly happens?: (scene: Scene) => Promise<number>;
  /** What was seen that must not be, one sentence each. */
  readonly wrong: (outcome: Outcome) => readonly string[];
}

export interface Scene {
  readonly server: RedisServer;
  readonly fleet: Fleet;
  readonly link: SlowLink | undefined;
  /** Kept so many ms after the load began. */
  readonly at: (ms: number) => Promise<void>;
}

export interface Outcome {
  readonly seen: readonly Seen[];
  /** When the load began and ended, on the machine's clock. */
  readonly began: number;
  readonly ended: number;
  /** When all should have been well again. */
  readonly well: number;
}
