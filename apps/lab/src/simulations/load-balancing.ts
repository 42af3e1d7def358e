import { balance } from "@sluice/balance";
import { type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import type { Findings, Simulation } from "../simulation.ts";
import { percentile, tailOf } from "../world/latencies.ts";
import { simulate, type World } from "../world/world.ts";

/** Each endpoint takes a random time up to so much, in ms. */
const slowest = [1, 10, 10, 10, 10, 100, 100, 100, 100, 1_000];
const requests = 50_000;
/** How many of them are in flight at a time. */
const concurrency = 50;

type Requests = Service<undefined, void>;
type Endpoint = readonly [name: string, service: Requests];

interface Run {
  /** Until all are answered, in ms. */
  readonly wall: number;
  readonly latencies: readonly number[];
}

function run(over: (endpoints: readonly Endpoint[], world: World) => Requests): Promise<Run> {
  return simulate(async (world) => {
    const { clock } = world;
    const endpoints = slowest.map((most, index): Endpoint => {
      const endpoint = new ServiceBuilder()
        .layer(concurrencyLimit(concurrency, { clock }))
        .serviceFn((_request: undefined) => world.pause(world.between(0, most)));
      return [`endpoint ${index}`, endpoint];
    });
    const balanced = over(endpoints, world);
    const latencies: number[] = [];
    let left = requests;
    const worker = async () => {
      while (left-- > 0) {
        const began = world.now;
        await balanced.call(undefined);
        latencies.push(world.now - began);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return { wall: world.now, latencies };
  });
}

/** Each in its turn, which no layer of ours does: for comparison. */
function inTurn(endpoints: readonly Endpoint[]): Requests {
  let next = 0;
  return serviceFn((request: undefined) => endpoints[next++ % endpoints.length]![1].call(request));
}

export const loadBalancing: Simulation = {
  name: "load-balancing",
  title: "Load balancing: tower's demonstration",
  layers: ["balance", "limit"],
  sources: [
    {
      title: "tower, balance: Implement a Peak-EWMA load metric, 2018",
      where: "pull request #76, the output of its demonstration",
      url: "https://github.com/tower-rs/tower/pull/76",
    },
  ],
  published:
    "50,000 requests, 50 at a time, over ten endpoints that take a random time of up to 1, 4 × 10, 4 × 100 and 1,000 ms. By expected latency times pending calls (peak EWMA): 15 s until all are answered, 105 ms at the 99.9th percentile. By pending calls: 18 s and 857 ms. Round robin: 72 s and 988 ms.",
  setting:
    'The same, over `balance({ load: "peak-ewma", defaultRtt: 30 })` and `balance()`; round robin is three lines of the simulation. Times are uniformly distributed and not rounded.',
  reading:
    "All results match. Pending calls show a slow endpoint only when requests are stuck there, which happens to one request in a thousand; the expected latency keeps requests away from the slow endpoint after its first answers.",
  async run(): Promise<Findings> {
    const peak = await run((endpoints, { clock, random }) =>
      balance({ endpoints, load: "peak-ewma", defaultRtt: 30, clock, random }),
    );
    const pending = await run((endpoints, { clock, random }) => balance({ endpoints, clock, random }));
    const turns = await run(inTurn);
    const wall = (of: Run) => of.wall / 1_000;
    const p999 = (of: Run) => percentile(of.latencies, 0.999);
    return {
      figures: [
        { what: "peak EWMA: until all are answered", published: "15 s", ours: wall(peak), unit: "s", within: [13, 17] },
        { what: "peak EWMA: 99.9th percentile", published: "105 ms", ours: p999(peak), unit: "ms", within: [90, 115] },
        {
          what: "pending: until all are answered",
          published: "18 s",
          ours: wall(pending),
          unit: "s",
          within: [16, 20],
        },
        {
          what: "pending: 99.9th percentile",
          published: "857 ms",
          ours: p999(pending),
          unit: "ms",
          within: [750, 950],
        },
        { what: "in turn: until all are answered", published: "72 s", ours: wall(turns), unit: "s", within: [68, 76] },
        {
          what: "in turn: 99.9th percentile",
          published: "988 ms",
          ours: p999(turns),
          unit: "ms",
          within: [950, 1_000],
        },
      ],
      chart: {
        title: "Ten endpoints of up to 1 to 1,000 ms: how slow is one in so many",
        x: { label: "one request in so many is slower", scale: "log" },
        y: { label: "ms", scale: "log" },
        series: [
          { name: "peak EWMA", points: tailOf(peak.latencies) },
          { name: "pending", points: tailOf(pending.latencies) },
          { name: "in turn", points: tailOf(turns.latencies) },
        ],
      },
    };
  },
};
