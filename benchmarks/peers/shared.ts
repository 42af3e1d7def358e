// How each library shares a limit among processes over Redis, by its documentation.
import { ServiceBuilder } from "@sluice/core";
import { sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { redisStore } from "@sluice/limit-shared/redis";
import { loadShed } from "@sluice/load-shed";
import { Redis } from "ioredis";
import { load } from "./peers.ts";

/** The shared limit: starts a second, or concurrent calls. */
export interface Shared {
  readonly perSecond?: number;
  readonly atOnce?: number;
  /** Whether callers that cannot start now are refused; otherwise they wait. */
  readonly refuse: boolean;
  /** `hold` of the shared rate: ms. */
  readonly hold?: number;
}

type Work = () => Promise<void>;

/** Makes the limit, over a server on this port. */
type Sharing = (port: number, shared: Shared) => Promise<(work: Work) => Promise<unknown>>;

const host = "127.0.0.1";

const sluice: Sharing = async (port, { perSecond, atOnce, refuse, hold }) => {
  const redis = new Redis({ host, port, enableOfflineQueue: false, lazyConnect: true });
  await redis.connect();
  const store = redisStore({ send: ([name, ...args]) => redis.call(name, ...args) });
  const limit =
    atOnce === undefined
      ? sharedRateLimit({ store, key: "fleet", limit: perSecond ?? 0, interval: 1_000, hold })
      : sharedConcurrencyLimit({ store, key: "fleet", max: atOnce });
  const service = new ServiceBuilder()
    .layer(refuse ? loadShed() : undefined)
    .layer(limit)
    .serviceFn((work: Work) => work());
  return (work) => service.call(work);
};

interface Flexible {
  readonly RateLimiterRedis: new (options: object) => { consume(key: string): Promise<unknown> };
}

/** Callers above the limit are refused; it has no line over many processes. */
const flexible =
  (options: object): Sharing =>
  async (port, { perSecond }) => {
    const { RateLimiterRedis } = await load<Flexible>("rate-limiter-flexible");
    const storeClient = new Redis({ host, port, enableOfflineQueue: false, lazyConnect: true });
    await storeClient.connect();
    const rate = new RateLimiterRedis({ storeClient, points: perSecond, duration: 1, ...options });
    return async (work) => {
      await rate.consume("fleet");
      await work();
    };
  };

interface Bottlenecks {
  readonly default: new (options: object) => { ready(): Promise<unknown>; schedule(work: Work): Promise<unknown> };
}

const bottleneck: Sharing = async (port, { perSecond, atOnce }) => {
  const { default: Bottleneck } = await load<Bottlenecks>("bottleneck");
  const limiter = new Bottleneck({
    id: "fleet",
    datastore: "ioredis",
    Redis,
    clientOptions: { host, port },
    ...(atOnce === undefined
      ? { reservoir: perSecond, reservoirRefreshAmount: perSecond, reservoirRefreshInterval: 1_000 }
      : { maxConcurrent: atOnce }),
  });
  await limiter.ready();
  return (work) => limiter.schedule(work);
};

export const shares = {
  sluice,
  "rate-limiter-flexible": flexible({}),
  "rate-limiter-flexible, blocking in memory": flexible({ inMemoryBlockOnConsumed: 401 }),
  bottleneck,
} satisfies Record<string, Sharing>;
