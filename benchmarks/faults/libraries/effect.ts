import { type Call, type Library, load, type Work } from "../library.ts";

type Wrap = (effect: object) => object;
interface RunOptions {
  readonly signal?: AbortSignal;
}
interface Semaphore {
  readonly withPermit: Wrap;
  readonly takeIfAvailable: (count: number) => object;
  readonly release: (count: number) => object;
  readonly resize: (max: number) => object;
}
interface All {
  readonly Effect: {
    tryPromise(options: {
      try: Work | ((signal: AbortSignal) => Promise<unknown>);
      readonly catch: (error: unknown) => unknown;
    }): object;
    readonly timeout: (effect: object, ms: number) => object;
    readonly retry: (effect: object, options: object) => object;
    readonly delay: (effect: object, ms: number) => object;
    readonly race: (one: object, other: object) => object;
    readonly runPromise: (effect: object, options?: RunOptions) => Promise<unknown>;
    readonly runSync: (effect: object) => unknown;
  };
  readonly Semaphore: { makeUnsafe(max: number): Semaphore };
  readonly Schedule: {
    readonly exponential: (ms: number) => object;
    readonly spaced: (ms: number) => object;
    readonly min: (schedules: readonly object[]) => object;
    readonly jittered: (schedule: object) => object;
  };
  readonly Layer: { provide(outer: object, inner: object): object };
  readonly ManagedRuntime: {
    make(layer: object): { runPromise(effect: object, options?: RunOptions): Promise<unknown> };
  };
}
interface Rates {
  readonly layer: object;
  readonly layerStoreMemory: object;
  readonly makeWithRateLimiter: object;
}

const the = (): Promise<All> => load("effect");

type Run = (effect: object, options?: RunOptions) => Promise<unknown>;

/** The library's own conversion from and to promises: a failure is the rejection of the work. */
function callOf({ Effect }: All, wrap: Wrap, run: Run = Effect.runPromise): Call {
  return (work, signal) => {
    const effect = Effect.tryPromise({
      try: (inner: AbortSignal) => work({ signal: inner }),
      catch: (error) => error,
    });
    return run(wrap(effect), signal === undefined ? {} : { signal });
  };
}

async function limited(max: number): Promise<{ readonly all: All; readonly semaphore: Semaphore }> {
  const all = await the();
  return { all, semaphore: all.Semaphore.makeUnsafe(max) };
}

export const effect: Library = {
  name: "Effect",
  settings:
    '`Semaphore.withPermit`, `Effect.timeout`, `Effect.retry` with `Schedule.exponential` under a cap, `jittered`; `RateLimiter` with `onExceeded: "delay"`; `Effect.race` with a `delay`; run by `runPromise` with a signal',
  signals: true,
  async limit(max) {
    const { all, semaphore } = await limited(max);
    return callOf(all, (inner) => semaphore.withPermit(inner));
  },
  async resizable(max) {
    const { all, semaphore } = await limited(max);
    return {
      call: callOf(all, (inner) => semaphore.withPermit(inner)),
      resize(other) {
        all.Effect.runSync(semaphore.resize(other));
      },
    };
  },
  async reserving(max) {
    const { all, semaphore } = await limited(max);
    return {
      call: callOf(all, (inner) => semaphore.withPermit(inner)),
      reserve() {
        if (all.Effect.runSync(semaphore.takeIfAvailable(1)) !== true) return undefined;
        return () => void all.Effect.runSync(semaphore.release(1));
      },
    };
  },
  async timeout(ms) {
    const all = await the();
    return callOf(all, (inner) => all.Effect.timeout(inner, ms));
  },
  async timeoutAroundLimit(ms, max) {
    const { all, semaphore } = await limited(max);
    return callOf(all, (inner) => all.Effect.timeout(semaphore.withPermit(inner), ms));
  },
  async timeoutInLimit(ms, max) {
    const { all, semaphore } = await limited(max);
    return callOf(all, (inner) => semaphore.withPermit(all.Effect.timeout(inner, ms)));
  },
  async retry({ retries, base, max }) {
    const all = await the();
    const { Effect, Schedule } = all;
    const schedule = Schedule.jittered(Schedule.min([Schedule.exponential(base), Schedule.spaced(max)]));
    return callOf(all, (inner) => Effect.retry(inner, { schedule, times: retries }));
  },
  async hedged(delay) {
    const all = await the();
    const { Effect } = all;
    return callOf(all, (inner) => Effect.race(inner, Effect.delay(inner, delay)));
  },
  async rate(limit, interval) {
    const all = await the();
    const rates = await load<Rates>("effect/persistence/RateLimiter").catch(async () => {
      const { RateLimiter } = await load<{ RateLimiter: Rates }>("effect/persistence");
      return RateLimiter;
    });
    const runtime = all.ManagedRuntime.make(all.Layer.provide(rates.layer, rates.layerStoreMemory));
    const within = (await runtime.runPromise(rates.makeWithRateLimiter)) as (options: object) => Wrap;
    const wrap = within({ window: interval, limit, key: "all", algorithm: "fixed-window", onExceeded: "delay" });
    return callOf(all, wrap, (inner, options) => runtime.runPromise(inner, options));
  },
};
