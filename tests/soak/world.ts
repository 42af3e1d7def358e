import { buffer } from "@sluice/buffer";
import { ServiceBuilder, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { filter, mapRequest } from "@sluice/util";
import { boxed, routingTable } from "@sluice/util-box";

/** Two differing stacks, one of them behind a table of routes, that share a limit. */
export interface World {
  readonly clock: VirtualClock;
  readonly services: readonly Service<number, number>[];
  /** Settles all work that has not settled by itself. */
  readonly release: () => void;
  /** What is still held, by name. Everything is 0 at rest. */
  readonly held: () => Readonly<Record<string, number>>;
}

/** `random` answers with numbers in [0, 1), and decides what becomes of each piece of work. */
export function world(random: () => number): World {
  const clock = new VirtualClock();
  const stuck = new Set<() => void>();
  const shared = concurrencyLimit(8, { clock });
  const rate = rateLimit({ limit: 1_000, interval: 1_000, clock });
  const queue = buffer({ capacity: 8, clock });
  const times = timeout({ ready: 200, total: 400, clock });
  const retries = retry(
    retryPolicy<number, number>({
      maxRetries: 2,
      backoff: exponentialBackoff({ base: 10, max: 50, jitter: "none" }),
      budget: retryBudget({ clock }),
    }),
    { clock },
  );
  const work = serviceFn((request: number, { signal }): Promise<number> => {
    const kind = random();
    if (kind < 0.05) throw new Error("thrown at once");
    if (kind < 0.08) return new Promise((resolve) => stuck.add(() => resolve(request)));
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal?.removeEventListener("abort", aborted);
        if (kind < 0.25) reject(new Error("failed"));
        else resolve(request);
      };
      const timer = clock.setTimeout(end, random() * 60);
      // Some work ignores its signal.
      const aborted = (): void => {
        clock.clearTimeout(timer);
        reject(signal?.reason);
      };
      if (kind < 0.7) signal?.addEventListener("abort", aborted, { once: true });
    });
  });
  const route = new ServiceBuilder().layer(rate).layer(shared).service(work);
  const table = routingTable({
    key: (request: number) => request % 2,
    routes: new Map([
      [0, boxed(route)],
      [1, boxed(new ServiceBuilder().layer(shared).service(work))],
    ]),
  });
  const shedding = new ServiceBuilder()
    .layer(trace({ clock }))
    .layer(loadShed())
    .layer(filter((request: number) => request % 50 !== 0))
    .layer(times)
    .layer(retries)
    .layer(shared)
    .service(work);
  const queued = new ServiceBuilder()
    .layer(mapRequest((request: number) => request + 1))
    .layer(times)
    .layer(queue)
    .layer(retries)
    .service(table);
  return {
    clock,
    services: [shedding, queued],
    release() {
      for (const settle of stuck) settle();
      stuck.clear();
    },
    held: () => ({
      "slots held": shared.active,
      "in line for a slot": shared.waiting,
      "slots lost": 8 - shared.available - shared.active,
      "of the rate held": rate.active,
      "in line for the rate": rate.waiting,
      "of the buffer held": 8 - queue.available,
      "in the buffer": queue.waiting + queue.active,
      "in line for the buffer": queue.waitingForSlot,
      "in a backoff": retries.waiting,
      abandoned: times.abandoned,
      "armed timers": clock.pending,
    }),
  };
}
