import { events } from "@sluice/core";
import { tell } from "@sluice/core/kit";
import type { BalanceEndpoint } from "./endpoint.ts";
import { layerName, type Settings } from "./options.ts";

/** Something that happened to the set of endpoints. */
export type BalanceChange =
  | {
      /**
       * - `"added"`, `"deleted"`: an endpoint came, or went;
       * - `"ejected"`: it fails, and is not used until `endpoint.ejectedUntil`;
       * - `"readmitted"`: it is used again.
       */
      readonly type: "added" | "deleted" | "ejected" | "readmitted";
      readonly endpoint: BalanceEndpoint;
    }
  | {
      /** The async iterable of endpoints failed, or told of something that cannot be used. The endpoints that are there stay. */
      readonly type: "discovery-failed";
      readonly cause: unknown;
    };

/** Tells of changes: the listener of the options, and those of the process. */
export type Announce = (change: BalanceChange) => void;

/** @param source what events name as their source */
export function announcer({ label, onChange }: Settings, source: object): Announce {
  return (change) => {
    if (events.listening) {
      const about =
        change.type === "discovery-failed"
          ? { cause: change.cause }
          : { key: change.endpoint.key, until: change.endpoint.ejectedUntil };
      events.emit({ type: change.type, layer: layerName, label, source, ...about });
    }
    tell(onChange, change);
  };
}
