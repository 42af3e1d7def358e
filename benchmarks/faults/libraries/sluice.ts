import { buffer } from "@sluice/buffer";
import { cache, coalesce } from "@sluice/cache";
import { circuitBreaker } from "@sluice/circuit-breaker";
import { type AnyLayer, ServiceBuilder, type Service } from "@sluice/core";
import { hedge } from "@sluice/hedge";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit, rateLimit, TokenBucket } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { priorityLine } from "@sluice/priority";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import type { CachedCall, CacheOptions, Call, Library, RetryOptions, Work } from "../library.ts";

const stack = (...layers: readonly AnyLayer[]): Service<Work, unknown> =>
  layers.reduceRight<Service<Work, unknown>>(
    (inner, layer) => layer.wrap(inner as never) as never,
    new ServiceBuilder().serviceFn((work: Work, { signal }) => work({ signal })),
  );

const callOf =
  (service: Service<Work, unknown>): Call =>
  (work, signal) =>
    service.call(work, { signal });

const through = (...layers: readonly AnyLayer[]): Call => callOf(stack(...layers));

const policy = ({ retries, base, max }: RetryOptions) => ({
  maxRetries: retries,
  backoff: exponentialBackoff({ base, max }),
});

interface Ranked {
  readonly work: Work;
  readonly urgent: boolean;
}

interface Asked {
  readonly key: string;
  readonly work: Work;
}

async function cached({ ttl, max }: CacheOptions): Promise<CachedCall> {
  const key = (asked: Asked): string => asked.key;
  const service = new ServiceBuilder()
    .layer(ttl === 0 ? coalesce({ key }) : cache({ key, ttl, max }))
    .serviceFn(({ work }: Asked, { signal }) => work({ signal }));
  return (asked, work, signal) => service.call({ key: asked, work }, { signal });
}

export const sluice: Library = {
  name: "Sluice",
  settings: "its defaults; a bounded line is `loadShed`, `buffer`, `concurrencyLimit`",
  signals: true,
  limit: async (max) => through(concurrencyLimit(max)),
  refusing: async (max) => through(loadShed(), concurrencyLimit(max)),
  bounded: async (max, queue) => through(loadShed(), buffer({ capacity: queue }), concurrencyLimit(max)),
  async counted(max) {
    const limit = concurrencyLimit(max);
    return { call: through(limit), active: () => limit.active, waiting: () => limit.waiting };
  },
  async resizable(max) {
    const limit = concurrencyLimit(max);
    return {
      call: through(limit),
      resize(other) {
        limit.max = other;
      },
    };
  },
  async prioritized(max) {
    const line = priorityLine({ priority: ({ urgent }: Ranked) => (urgent ? 0 : 1) });
    const service = new ServiceBuilder()
      .layer(concurrencyLimit(max, { line }))
      .serviceFn(({ work }: Ranked, { signal }) => work({ signal }));
    return { call: (work, urgent) => service.call({ work, urgent }) };
  },
  async reserving(max) {
    const service = stack(concurrencyLimit(max));
    return {
      call: callOf(service),
      reserve() {
        const permit = service.tryReady();
        return permit && (() => permit.release());
      },
    };
  },
  timeout: async (ms) => through(timeout(ms)),
  timeoutAroundLimit: async (ms, max) => through(timeout({ total: ms }), concurrencyLimit(max)),
  timeoutInLimit: async (ms, max) => through(concurrencyLimit(max), timeout(ms)),
  retry: async (options) => through(retry(retryPolicy(policy(options)))),
  retryWithBudget: async (options) => through(retry(retryPolicy({ ...policy(options), budget: retryBudget() }))),
  async retryWithin(options, ms) {
    const service = stack(retry(retryPolicy(policy(options))));
    return (work) => service.call(work, { deadline: performance.now() + ms });
  },
  breaker: async ({ failures, reset }) => through(circuitBreaker({ consecutive: failures, breakFor: reset })),
  cached,
  cachedForLeavers: cached,
  async keyedRate(limit, interval) {
    const service = new ServiceBuilder()
      .layer(loadShed())
      .layer(keyed({ key: (of: string) => of, gate: () => new TokenBucket({ limit, interval }) }))
      .serviceFn(async (of: string) => of);
    return (key) => service.call(key);
  },
  hedged: async (delay) => through(hedge({ delay })),
  rate: async (limit, interval) => through(rateLimit({ limit, interval })),
};
