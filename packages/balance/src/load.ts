import { report, requireNumber } from "@sluice/core/kit";
import type { BalanceEndpoint, Endpoint } from "./endpoint.ts";

/** The load of an endpoint: 0 or more. */
export type Load = (endpoint: BalanceEndpoint) => number;

/** The load of an endpoint at `now`, divided by its weight. The endpoint with the lower one is chosen. */
export type LoadMeasure = (endpoint: Endpoint, now: number) => number;

const byPending: LoadMeasure = ({ pending, weight }) => pending / weight;

/**
 * The expected latency, times the pending calls with this one. After Finagle's and tower's Peak EWMA: the latency rises to a worse sample
 * immediately, and falls slowly.
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
