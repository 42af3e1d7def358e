import { ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import {
  adaptiveLimit,
  type AdaptiveLimitLayer,
  type AdaptiveLimitOptions,
  type LimitAlgorithm,
} from "../../src/index.ts";
import { WorkerPool } from "./worker-pool.ts";

/** What a span of time has shown. */
interface Observed {
  /** The least and the most that the limit was, looked at every 100 ms. */
  readonly least: number;
  readonly most: number;
  /** Answers a second. */
  readonly rate: number;
  /** The mean latency at the server, in milliseconds. */
  readonly latency: number;
}

/** A server under load, and what there is to look at. */
interface Saturated {
  readonly server: WorkerPool;
  readonly limit: AdaptiveLimitLayer;
  /** Lets so many seconds pass. */
  readonly observe: (seconds: number) => Promise<Observed>;
}

/** A server of 50 workers, an adaptive limit in front of it, and callers who always want something. */
export function saturated(
  algorithm: LimitAlgorithm,
  options: AdaptiveLimitOptions = {},
  { callers = 400, maxQueue }: { readonly callers?: number; readonly maxQueue?: number } = {},
): Saturated {
  const clock = new VirtualClock();
  const server = new WorkerPool(clock, 50, maxQueue);
  const limit = adaptiveLimit(algorithm, { ...options, clock });
  const service = new ServiceBuilder().layer(limit).serviceFn(() => server.serve());
  const again = (): void => {
    // A caller who is refused comes back after 10 ms.
    service.call(undefined).then(again, () => clock.setTimeout(again, 10));
  };
  for (let caller = 0; caller < callers; caller++) again();

  async function observe(seconds: number): Promise<Observed> {
    const before = { served: server.served, latency: server.latency };
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      await clock.advanceAsync(100);
      least = Math.min(least, limit.limit);
      most = Math.max(most, limit.limit);
    }
    const served = server.served - before.served;
    return { least, most, rate: served / seconds, latency: (server.latency - before.latency) / served };
  }
  return { server, limit, observe };
}
