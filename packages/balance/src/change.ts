import { events } from "@sluice/core";
import { tell } from "@sluice/core/kit";
import type { BalanceEndpoint } from "./endpoint.ts";
import { layerName, type Settings } from "./options.ts";

/** A change of the set of endpoints. */
export type BalanceChange =
  | {
      /**
       * - `"added"`, `"deleted"`: an endpoint was added or deleted;
       * - `"ejected"`: an endpoint fails, and is not used until `endpoint.ejectedUntil`;
       * - `"readmitted"`: an endpoint is used again.
       */
      readonly type: "added" | "deleted" | "ejected" | "readmitted";
      readonly endpoint: BalanceEndpoint;
    }
  | {
      /** The async iterable of endpoints failed, or yielded something that is not a valid update. The existing endpoints stay. */
      readonly type: "discovery-failed";
      readonly cause: unknown;
    };

/** Notifies `onChange` and the listeners of `events` of a change. */
export type Announce = (change: BalanceChange) => void;

/** @param source the `source` of the events */
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
