// Other libraries, used by their documentation. `pnpm bench` installs them.
import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { MemberSettings, Peer } from "./settings.ts";
import type { Sharing } from "./sharing.ts";

const load = createRequire(join(import.meta.dirname, "../../benchmarks/peers/package.json"));
const host = "127.0.0.1";

interface Flexible {
  readonly RateLimiterRedis: new (options: object) => { consume(key: string): Promise<unknown> };
}

/** A rate; calls above it are refused. */
async function flexible({ port, limit }: MemberSettings): Promise<Sharing> {
  if (limit.kind !== "rate") throw new Error("rate-limiter-flexible has no slots");
  const { RateLimiterRedis } = load("rate-limiter-flexible") as Flexible;
  const storeClient = new Redis({ host, port, enableOfflineQueue: false, retryStrategy: () => 50, lazyConnect: true });
  storeClient.on("error", () => {});
  await storeClient.connect();
  const { limit: points, interval } = limit.options;
  const rate = new RateLimiterRedis({ storeClient, points, duration: interval / 1_000 });
  let trips = 0;
  return {
    share: async (work) => {
      trips++;
      try {
        await rate.consume("fleet");
      } catch (error) {
        throw error instanceof Error ? error : Object.assign(new Error("over the limit"), { code: "OVER" });
      }
      return work();
    },
    close: () => Promise.resolve(),
    trips: () => trips,
    late: () => 0,
  };
}

interface Limiter {
  on(event: "error", listener: () => void): void;
  ready(): Promise<unknown>;
  schedule<T>(work: () => Promise<T>): Promise<T>;
  stop(options: object): Promise<unknown>;
}

/** A rate or slots; calls above the limit wait. */
async function bottleneck({ port, limit }: MemberSettings): Promise<Sharing> {
  const Bottleneck = load("bottleneck") as new (options: object) => Limiter;
  const limiter = new Bottleneck({
    id: "fleet",
    datastore: "ioredis",
    Redis,
    clientOptions: { host, port },
    ...(limit.kind === "rate"
      ? {
          reservoir: limit.options.limit,
          reservoirRefreshAmount: limit.options.limit,
          reservoirRefreshInterval: limit.options.interval,
        }
      : { maxConcurrent: limit.options.max }),
  });
  limiter.on("error", () => {});
  await limiter.ready();
  return {
    share: (work) => limiter.schedule(work),
    close: () => limiter.stop({ dropWaitingJobs: true }).catch(() => {}),
    trips: () => Number.NaN,
    late: () => 0,
  };
}

/** Makes one member's limit with each library. */
export const peers: Readonly<Record<Peer, (settings: MemberSettings) => Promise<Sharing>>> = {
  "rate-limiter-flexible": flexible,
  bottleneck,
};
