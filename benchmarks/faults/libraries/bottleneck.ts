import { type Library, load, type Work } from "../library.ts";

interface Limiter {
  schedule(options: object, work: () => Promise<unknown>): Promise<unknown>;
  updateSettings(options: object): unknown;
  counts(): Readonly<Record<"RECEIVED" | "QUEUED" | "RUNNING" | "EXECUTING", number>>;
}
interface Bottleneck {
  new (options: object): Limiter;
  readonly strategy: { readonly OVERFLOW: number };
}

const the = async (): Promise<Bottleneck> => (await load<{ default: Bottleneck }>("bottleneck")).default;
const limiterOf = async (options: object): Promise<Limiter> => new (await the())(options);
const callOf =
  (limiter: Limiter, options: object = {}) =>
  (work: Work) =>
    limiter.schedule(options, () => work({}));

const bounded = async (maxConcurrent: number, highWater: number) =>
  callOf(await limiterOf({ maxConcurrent, highWater, strategy: (await the()).strategy.OVERFLOW }));

export const bottleneck: Library = {
  name: "bottleneck",
  settings:
    "`maxConcurrent`, `expiration`, `highWater` with `strategy.OVERFLOW`, `reservoir` with `reservoirRefreshInterval`",
  signals: false,
  limit: async (maxConcurrent) => callOf(await limiterOf({ maxConcurrent })),
  refusing: (max) => bounded(max, 0),
  bounded,
  async counted(maxConcurrent) {
    const limiter = await limiterOf({ maxConcurrent });
    return {
      call: callOf(limiter),
      active: () => limiter.counts().RUNNING + limiter.counts().EXECUTING,
      waiting: () => limiter.counts().RECEIVED + limiter.counts().QUEUED,
    };
  },
  async resizable(maxConcurrent) {
    const limiter = await limiterOf({ maxConcurrent });
    return {
      call: callOf(limiter),
      resize(other) {
        limiter.updateSettings({ maxConcurrent: other });
      },
    };
  },
  async prioritized(maxConcurrent) {
    const limiter = await limiterOf({ maxConcurrent });
    return { call: (work, urgent) => limiter.schedule({ priority: urgent ? 0 : 5 }, () => work({})) };
  },
  timeout: async (expiration) => callOf(await limiterOf({}), { expiration }),
  timeoutInLimit: async (expiration, maxConcurrent) => callOf(await limiterOf({ maxConcurrent }), { expiration }),
  rate: async (limit, interval) =>
    callOf(await limiterOf({ reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: interval })),
};
