import { type Library, load, type Work } from "../library.ts";

interface Limit {
  (work: () => Promise<unknown>): Promise<unknown>;
  readonly activeCount: number;
  readonly pendingCount: number;
  concurrency: number;
}

export async function pLimitOf(max: number): Promise<Limit> {
  return (await load<{ default: (max: number) => Limit }>("p-limit")).default(max);
}

const callOf = (limit: Limit) => (work: Work) => limit(() => work({}));

export const pLimit: Library = {
  name: "p-limit",
  settings: "`pLimit(max)`",
  signals: false,
  limit: async (max) => callOf(await pLimitOf(max)),
  async counted(max) {
    const limit = await pLimitOf(max);
    return { call: callOf(limit), active: () => limit.activeCount, waiting: () => limit.pendingCount };
  },
  async resizable(max) {
    const limit = await pLimitOf(max);
    return {
      call: callOf(limit),
      resize(other) {
        limit.concurrency = other;
      },
    };
  },
};
