import { adaptiveLimit, aimd, gradient, type LimitAlgorithm, vegas } from "@sluice/adaptive-limit";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { percentile } from "../world/latencies.ts";
import { simulate } from "../world/world.ts";

const workers = 50;
const callers = 400;

interface Run {
  /** Over time: seconds, and the limit. */
  readonly limits: readonly (readonly [second: number, limit: number])[];
  /** In the second half before the workers go. */
  readonly limit: number;
  readonly served: number;
  readonly latency: number;
  /** At the end, when four of five workers have gone. */
  readonly limitAfter: number;
}

interface Setting {
  readonly seconds: number;
  /** Where the server refuses what would wait behind so many; default: it takes all. */
  readonly room?: number;
}

/** Callers who always want something, in front of a server that has a queue of its own; half way, four of five workers go. */
function run({ seconds, room }: Setting, algorithm: (random: () => number) => LimitAlgorithm | number): Promise<Run> {
  return simulate(async (world) => {
    const { clock } = world;
    const half = seconds * 1_000;
    const pool = concurrencyLimit(workers, { clock });
    const workload = new ServiceBuilder().layer(pool).serviceFn(() => world.pause(world.between(16, 24)));
    // Its queue is its own affair: who asks is refused, or waits in there.
    const server = new ServiceBuilder()
      .layer(room === undefined ? undefined : loadShed({ clock }))
      .layer(room === undefined ? undefined : concurrencyLimit(workers + room, { clock }))
      .serviceFn((request: undefined) => workload.call(request));
    const chosen = algorithm(world.random);
    const limit =
      typeof chosen === "number"
        ? concurrencyLimit(chosen, { clock })
        : adaptiveLimit(chosen, { window: { time: 100 }, clock });
    const latencies: number[] = [];
    const isCounted = () => world.now > half / 2 && world.now <= half;
    const client = new ServiceBuilder().layer(limit).serviceFn(async (request: undefined) => {
      const began = world.now;
      await server.call(request);
      if (isCounted()) latencies.push(world.now - began);
    });
    const max = () => ("limit" in limit ? limit.limit : limit.max);
    const limits: [number, number][] = [];
    const loop = async () => {
      while (world.now < 2 * half) {
        // Who is refused comes back a little later.
        await client.call(undefined).catch(() => world.pause(50));
      }
    };
    const looking = world.every(100, 2 * half, () => {
      limits.push([world.now / 1_000, max()]);
      if (world.now >= half) pool.max = workers / 5;
    });
    await Promise.all([looking, ...Array.from({ length: callers }, loop)]);
    const counted = limits.filter(([second]) => second > seconds / 2 && second <= seconds);
    return {
      limits,
      limit: percentile(
        counted.map(([, each]) => each),
        0.5,
      ),
      served: latencies.length / (seconds / 2),
      latency: percentile(latencies, 0.5),
      limitAfter: limits.at(-1)![1],
    };
  });
}

export const adaptiveLimits: Simulation = {
  name: "adaptive-limits",
  title: "Limits that find themselves",
  layers: ["adaptive-limit", "limit", "load-shed"],
  sources: [
    {
      title: "Landau, Thurston and Bozarth, Performance Under Load, Netflix Technology Blog, 2018",
      where: "the use of Little's law for the concurrency of a system",
      url: "https://netflixtechblog.medium.com/performance-under-load-3e6fa9a60581",
    },
    {
      title: "Netflix concurrency-limits at 78a74b9",
      where: "VegasLimit, Gradient2Limit and AIMDLimit, and issue #134",
      url: "https://github.com/Netflix/concurrency-limits/issues/134",
    },
  ],
  published:
    "The concurrency of a system is its throughput times its latency (Little's law): 50 workers of 20 ms serve 2,500 requests a second, with 50 requests in progress. With more, the throughput stays and the latency grows. A limit that measures latency finds that number by itself, and follows it. Gradient2 as published grows without end under a modest overload (issue #134).",
  setting:
    "A server of 50 workers of 16 to 24 ms behind its own queue, and 400 callers that always send the next request. Half way, four of five workers stop. `adaptiveLimit` in windows of 100 ms with `vegas()`, `gradient()`, and `aimd()`, the last in front of a server that refuses requests with more than 30 in its queue; and fixed limits of 20 and 200 for comparison.",
  reading:
    "Each reaches the full throughput with a short queue. `vegas` keeps some calls in the server's queue, `gradient` hardly any, and `aimd` as many as the server has room for, because it reacts only to refusals. So the first two follow the server when it loses workers, and `aimd` does not, for this server still accepts 80 calls and only becomes slower; such a server needs a limit that measures latency. Our `gradient` is not the published Gradient2: it allows for a queue only while there is none, and does not grow without end.",
  async run(effort: Effort): Promise<Findings> {
    const seconds = effort === "full" ? 30 : 15;
    const small = await run({ seconds: seconds / 3 }, () => 20);
    const large = await run({ seconds: seconds / 3 }, () => 200);
    const byVegas = await run({ seconds }, (random) => vegas({ random }));
    const byGradient = await run({ seconds }, () => gradient());
    const byRefusals = await run({ seconds, room: 30 }, () => aimd());
    const full = [2_400, 2_600] as const;
    return {
      figures: [
        {
          what: "fixed limit of 20: served",
          published: "1,000 (Little)",
          ours: small.served,
          unit: "a second",
          within: [950, 1_050],
        },
        {
          what: "fixed limit of 200: served",
          published: "2,500 (Little)",
          ours: large.served,
          unit: "a second",
          within: full,
        },
        {
          what: "fixed limit of 200: latency",
          published: "80 ms (Little)",
          ours: large.latency,
          unit: "ms",
          within: [76, 84],
        },
        { what: "vegas: limit", published: "50 (Little)", ours: byVegas.limit, within: [45, 70] },
        { what: "vegas: served", published: "2,500 (Little)", ours: byVegas.served, unit: "a second", within: full },
        { what: "vegas: latency", published: "20 ms (Little)", ours: byVegas.latency, unit: "ms", within: [18, 28] },
        { what: "vegas: limit, 10 workers left", published: "10 (Little)", ours: byVegas.limitAfter, within: [8, 25] },
        { what: "gradient: limit", published: "50 (Little)", ours: byGradient.limit, within: [38, 70] },
        {
          what: "gradient: served",
          published: "2,500 (Little)",
          ours: byGradient.served,
          unit: "a second",
          within: [2_000, 2_600],
        },
        { what: "aimd by refusals: limit", ours: byRefusals.limit, within: [60, 85] },
        {
          what: "aimd by refusals: served",
          published: "2,500 (Little)",
          ours: byRefusals.served,
          unit: "a second",
          within: full,
        },
      ],
      chart: {
        title: `Limits in front of 50 workers, and of 10 after ${seconds} s`,
        x: { label: "seconds" },
        y: { label: "limit" },
        steps: true,
        series: [
          { name: "vegas", points: byVegas.limits },
          { name: "gradient", points: byGradient.limits },
          { name: "aimd, refusals above a queue of 30", points: byRefusals.limits },
        ],
      },
    };
  },
};
