import { report, requireNumber } from "@sluice/core/kit";
import type { BalanceEndpoint, Endpoint } from "./endpoint.ts";

/** How much there is to do at an endpoint: 0 or more. */
export type Load = (endpoint: BalanceEndpoint) => number;

/** How busy an endpoint is at `now`, for its weight: the less, the rather it is chosen. */
export type LoadMeasure = (endpoint: Endpoint, now: number) => number;

const byPending: LoadMeasure = ({ pending, weight }) => pending / weight;

/**
 * The latency that is expected, times those who would share it. After Finagle's and tower's Peak EWMA: the latency rises to a worse sample
 * at once, and falls slowly.
 */
const byLatency: LoadMeasure = ({ latency, pending, weight }, now) => (latency!.at(now) * (pending + 1)) / weight;

/** @param load the option */
export function measureOf(load: "pending" | "peak-ewma" | Load): LoadMeasure {
  if (load === "pending") return byPending;
  if (load === "peak-ewma") return byLatency;
  return (endpoint, now) => {
    try {
      return (
        requireNumber("balance", "what load returns", load(endpoint), { min: 0, infinity: true }) / endpoint.weight
      );
    } catch (error) {
      report(error);
      return byPending(endpoint, now);
    }
  };
}
