import { events, type LayerEvent } from "@sluice/core";

/** What a retry has done so far, as it announces it. */
export interface RetryCounts {
  /** Attempts after the first. */
  readonly retries: number;
  /** Retries that there was no budget for. */
  readonly denied: number;
}

/** Counts what is announced of one policy, from now on. */
export function countRetries(policy: object): RetryCounts {
  const counts = { retries: 0, denied: 0 };
  events.subscribe(({ source, type, reason }: LayerEvent) => {
    if (source !== policy) return;
    if (type === "retry") counts.retries++;
    if (type === "retry-denied" && reason === "budget") counts.denied++;
  });
  return counts;
}
