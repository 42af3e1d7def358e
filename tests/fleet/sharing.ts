import { type Clock, ServiceBuilder, systemClock } from "@sluice/core";
import { sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { redisStore } from "@sluice/limit-shared/redis";
import { loadShed } from "@sluice/load-shed";
import { Redis } from "ioredis";
import type { MemberSettings } from "./settings.ts";

/** One member's part of a limit. */
export interface Sharing {
  /** Runs the work when the limit admits it. Rejects where it refuses. */
  readonly share: <T>(work: () => Promise<T>) => Promise<T>;
  /** Gives back what is borrowed. */
  readonly close: () => Promise<unknown>;
  /** How often the store was asked, and how often it answered too late. */
  readonly trips: () => number;
  readonly late: () => number;
}

/** Ours, by its documentation: the client does not queue while it is disconnected, and does not resend. */
export async function sluice({ port, limit, load, skew }: MemberSettings): Promise<Sharing> {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 50,
    lazyConnect: true,
  });
  redis.on("error", () => {});
  await redis.connect();
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + skew };
  const store = redisStore({ send: ([name, ...args]) => redis.call(name, ...args) });
  const shared = { store, key: "fleet", clock };
  const layer =
    limit.kind === "rate"
      ? sharedRateLimit({ ...limit.options, ...shared })
      : sharedConcurrencyLimit({ ...limit.options, ...shared });
  const service = new ServiceBuilder()
    .layer(load.waits === true ? undefined : loadShed({ clock }))
    .layer(layer)
    .serviceFn((work: () => Promise<unknown>) => work());
  return {
    share: <T>(work: () => Promise<T>) => service.call(work) as Promise<T>,
    close: () => layer.close(),
    trips: () => layer.trips,
    late: () => layer.late,
  };
}
