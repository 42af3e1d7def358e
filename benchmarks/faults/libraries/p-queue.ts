import { type Call, type Library, load, type Work } from "../library.ts";

interface Queue {
  add(work: Work, options: { readonly signal?: AbortSignal; readonly priority?: number }): Promise<unknown>;
  readonly size: number;
  readonly pending: number;
  concurrency: number;
}

async function queueOf(options: object): Promise<Queue> {
  return new (await load<{ default: new (options: object) => Queue }>("p-queue")).default(options);
}

const callOf =
  (queue: Queue): Call =>
  (work, signal) =>
    queue.add(work, signal === undefined ? {} : { signal });

export const pQueue: Library = {
  name: "p-queue",
  settings: "`concurrency`, `timeout`, `interval` with `intervalCap` and `strict: false`, its default",
  signals: true,
  limit: async (concurrency) => callOf(await queueOf({ concurrency })),
  async counted(concurrency) {
    const queue = await queueOf({ concurrency });
    return { call: callOf(queue), active: () => queue.pending, waiting: () => queue.size };
  },
  async resizable(concurrency) {
    const queue = await queueOf({ concurrency });
    return {
      call: callOf(queue),
      resize(other) {
        queue.concurrency = other;
      },
    };
  },
  async prioritized(concurrency) {
    const queue = await queueOf({ concurrency });
    return { call: (work, urgent) => queue.add(work, { priority: urgent ? 1 : 0 }) };
  },
  timeout: async (timeout) => callOf(await queueOf({ timeout })),
  timeoutInLimit: async (timeout, concurrency) => callOf(await queueOf({ timeout, concurrency })),
  rate: async (intervalCap, interval) => callOf(await queueOf({ interval, intervalCap })),
};
