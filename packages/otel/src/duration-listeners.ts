import { processWide } from "@sluice/core/kit";
import type { CountingMeter } from "./metered.ts";

/** Hears of each wait, and each call, that a meter has timed, in the async context of the caller. */
export type DurationListener = (meter: CountingMeter, what: "wait" | "call", ms: number) => void;

/** Where each copy of `@sluice/meter` looks for who listens. */
const listeners = processWide<{ all: readonly DurationListener[] | undefined }>("meter-durations", { all: undefined });

/** Calls `listener` from now on. @returns what ends that */
export function hearDurations(listener: DurationListener): () => void {
  listeners.all = [...(listeners.all ?? []), listener];
  return () => {
    const left = listeners.all?.filter((other) => other !== listener) ?? [];
    listeners.all = left.length > 0 ? left : undefined;
  };
}
