import { ServiceBuilder } from "@sluice/core";
import { type ExponentialBackoffOptions, exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { readable } from "../report/number.ts";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { simulate, type World } from "../world/world.ts";

/** The base is doubled in the first retry already, as in the published program: so it is 10 where that has 5. */
const backoffs = {
  none: { base: 0, max: 0, jitter: "none" },
  exponential: { base: 10, max: 2_000, jitter: "none" },
  equal: { base: 10, max: 2_000, jitter: "equal" },
  full: { base: 10, max: 2_000, jitter: "full" },
  decorrelated: { base: 5, max: 2_000, jitter: "decorrelated" },
} as const satisfies Record<string, ExponentialBackoffOptions>;

type Name = keyof typeof backoffs;

/** What the published program prints for 100 clients, over 100 trials. */
const published: Record<Name, { readonly calls: number; readonly ms: number }> = {
  none: { calls: 2_421, ms: 2_030 },
  exponential: { calls: 1_863, ms: 63_596 },
  equal: { calls: 811, ms: 6_667 },
  full: { calls: 796, ms: 4_982 },
  decorrelated: { calls: 996, ms: 4_556 },
};

/** One way through the network: 10 ms, with a standard deviation of 2 (Box and Muller). */
function oneWay(world: World): Promise<void> {
  const normal = Math.sqrt(-2 * Math.log(1 - world.random())) * Math.cos(2 * Math.PI * world.random());
  return world.pause(Math.abs(10 + 2 * normal));
}

/** All clients update one row at the same time, by optimistic concurrency control; answers how many writes it took, and how long. */
function contend(clients: number, name: Name, seed: number): Promise<{ calls: number; ms: number }> {
  return simulate(async (world) => {
    let version = 0;
    let calls = 0;
    const backoff = exponentialBackoff({ ...backoffs[name], random: world.random });
    const update = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: Number.POSITIVE_INFINITY, backoff }), { clock: world.clock }))
      .serviceFn(async () => {
        await oneWay(world);
        const read = version;
        await oneWay(world);
        await oneWay(world);
        calls++;
        const isCurrent = read === version;
        if (isCurrent) version++;
        await oneWay(world);
        if (!isCurrent) throw new Error("Somebody else has written.");
      });
    await Promise.all(Array.from({ length: clients }, () => update.call(undefined)));
    return { calls, ms: world.now };
  }, seed);
}

async function average(trials: number, clients: number, name: Name): Promise<{ calls: number; ms: number }> {
  const sum = { calls: 0, ms: 0 };
  for (let trial = 1; trial <= trials; trial++) {
    const { calls, ms } = await contend(clients, name, trial);
    sum.calls += calls / trials;
    sum.ms += ms / trials;
  }
  return sum;
}

const names = Object.keys(backoffs) as Name[];

export const jitter: Simulation = {
  name: "jitter",
  title: "Exponential backoff and jitter",
  layers: ["retry"],
  sources: [
    {
      title: "Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015",
      where:
        "its figures; the numbers are printed by its program, aws-samples/aws-arch-backoff-simulator at 66cb169, changed for Python 3, for 100 clients and 100 trials",
      url: "https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/",
    },
  ],
  published:
    "100 clients update the same row by optimistic concurrency control; a client that has read an old version retries. Exponential backoff takes more calls and more time without jitter than with it. Jitter cuts the calls by more than half. Full and equal jitter need about the same number of calls, decorrelated jitter some more; equal jitter takes more time than full.",
  setting:
    "The same program, with `retry` and `exponentialBackoff` as shipped: a network of 10 ms one way with a standard deviation of 2, a base of 5 ms and at most 2,000. 100 trials with 100 clients (2 in the short form).",
  reading:
    "All five results match, also the time of the backoff without jitter. The published program begins with twice its base, and ours with its base, so ours has twice the base. No backoff is fastest here, and takes three times the calls of jitter: where calls have a cost, jitter is better.",
  async run(effort: Effort): Promise<Findings> {
    const [trials, counts] = effort === "full" ? [100, [10, 25, 50, 75]] : [2, [10]];
    const most: Record<Name, { calls: number; ms: number }> = { ...published };
    for (const name of names) most[name] = await average(trials, 100, name);
    const series = [];
    for (const name of names) {
      const points: [number, number][] = [];
      for (const clients of counts) points.push([clients, (await average(Math.ceil(trials / 5), clients, name)).calls]);
      series.push({
        name: name === "none" ? "no backoff" : name,
        points: [...points, [100, most[name].calls] as const],
      });
    }
    const near = (value: number, by: number) => [value * (1 - by), value * (1 + by)] as const;
    return {
      figures: names.flatMap((name) => [
        {
          what: `${name}: writes`,
          published: readable(published[name].calls),
          ours: most[name].calls,
          within: near(published[name].calls, 0.15),
        },
        {
          what: `${name}: time until all have written`,
          published: `${readable(published[name].ms)} ms`,
          ours: most[name].ms,
          unit: "ms",
          within: near(published[name].ms, 0.4),
        },
      ]),
      chart: {
        title: "Writes until all clients have written once",
        x: { label: "clients that contend" },
        y: { label: "writes" },
        series,
      },
    };
  },
};
