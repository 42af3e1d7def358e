import { type Call, type Library, load } from "../library.ts";

interface Sema {
  acquire(): Promise<unknown>;
  tryAcquire(): unknown;
  release(): void;
  nrWaiting(): number;
}
interface AsyncSema {
  readonly Sema: new (max: number) => Sema;
  RateLimit(starts: number, options: { readonly timeUnit: number }): () => Promise<void>;
}

const the = (): Promise<AsyncSema> => load("async-sema");
const semaOf = async (max: number): Promise<Sema> => new (await the()).Sema(max);
/** As its documentation shows it. */
const callOf =
  (sema: Sema): Call =>
  async (work) => {
    await sema.acquire();
    try {
      return await work({});
    } finally {
      sema.release();
    }
  };

export const asyncSema: Library = {
  name: "async-sema",
  settings: "`acquire`, and `release` in `finally`; `RateLimit` with `timeUnit`",
  signals: false,
  limit: async (max) => callOf(await semaOf(max)),
  async reserving(max) {
    const sema = await semaOf(max);
    return {
      call: callOf(sema),
      reserve: () => (sema.tryAcquire() === undefined ? undefined : () => sema.release()),
    };
  },
  async rate(limit, interval) {
    const rate = (await the()).RateLimit(limit, { timeUnit: interval });
    return async (work) => {
      await rate();
      return work({});
    };
  },
};
