import { balance } from "@sluice/balance";
import { maglev, ring } from "@sluice/balance/hash";
import { type Service, serviceFn } from "@sluice/core";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { simulate, type World } from "../world/world.ts";

interface Keyed {
  readonly key: string;
}

const backends = Array.from({ length: 50 }, (_, index) => `backend ${index}`);

/** Which backend each of many keys goes to, by its number. */
function placesOf(names: readonly string[], keys: number): Int32Array {
  const table = maglev<Keyed>({ key: ({ key }) => key }).place(names.map((key) => ({ key, weight: 1 })));
  return Int32Array.from({ length: keys }, (_, key) => table.find(key, () => true));
}

/** What the most loaded and the least loaded have, as shares of the average. */
function spreadOf(places: Int32Array): { most: number; least: number } {
  const counts = Array.from(backends, () => 0);
  for (const place of places) counts[place]!++;
  const average = places.length / backends.length;
  return { most: Math.max(...counts) / average, least: Math.min(...counts) / average };
}

/** Which share of the keys moves when one backend goes, besides its own. */
function movedBesides(keys: number): number {
  const before = placesOf(backends, keys);
  const after = placesOf(backends.slice(0, -1), keys);
  const last = backends.length - 1;
  return before.filter((place, key) => place !== last && place !== after[key]).length / keys;
}

interface Skewed {
  /** What an endpoint had when it was given another call, that one included, as a multiple of the bound: the largest. */
  readonly ofBound: number;
  /** Over time: what it had, as a multiple of the average. */
  readonly points: readonly (readonly [call: number, timesAverage: number])[];
}

const bound = 1.25;

/** Keys of which a few are asked for much more often than others, over 20 endpoints where each call takes its time. */
function skewed(calls: number, boundedLoad?: number): Promise<Skewed> {
  return simulate(async (world) => {
    const { clock, random } = world;
    const points: [number, number][] = [];
    let ofBound = 0;
    let call = 0;
    const serve = (index: number) => (_request: Keyed) => {
      const { pending } = balanced.endpoints[index]!;
      const average = balanced.pending / balanced.size;
      ofBound = Math.max(ofBound, pending / Math.ceil(bound * average));
      // With a few calls in flight, one more is a large share.
      if (++call > 200) points.push([call, pending / average]);
      return world.pause(world.between(500, 1_500));
    };
    const balanced = balance<Service<Keyed, void>>({
      endpoints: Array.from({ length: 20 }, (_, index) => [index, serviceFn(serve(index))] as const),
      pick: ring({ key: ({ key }: Keyed) => key, boundedLoad }),
      clock,
      random,
    });
    await world.arrivals(200, (calls / 200) * 1_000, () => void balanced.call({ key: zipf(world) }));
    return { ofBound, points };
  });
}

/** One of 1,000 keys, the nth of which is asked for in proportion to 1 / n. */
function zipf(world: World): string {
  return `key ${Math.floor(1_000 ** world.random())}`;
}

export const consistentHashing: Simulation = {
  name: "consistent-hashing",
  title: "Consistent hashing: Maglev, and bounded loads",
  layers: ["balance"],
  sources: [
    {
      title: "Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016",
      where: "section 3.4",
      url: "https://www.usenix.org/conference/nsdi16/technical-sessions/presentation/eisenbud",
    },
    {
      title: "Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing with Bounded Loads, 2016 (SODA 2018)",
      where: "the abstract",
      url: "https://arxiv.org/abs/1608.01350",
    },
  ],
  published:
    "Maglev: with a table of more than 100 entries for each backend, the shares of the backends differ by 1 % at most. Bounded loads: with a bound of c = 1 + ε no server ever has more than c times the average load, rounded up.",
  setting:
    "`maglev` with its table of 65,537 entries and 50 backends, over 10 million keys (1 million in the short form); then one backend is deleted. `balance({ pick: ring({ boundedLoad: 1.25 }) })` over 20 endpoints, 200 calls a second of 0.5 to 1.5 s, for keys of which the nth is requested in proportion to 1 / n; and without a bound.",
  reading:
    "The spread is within 1 % of the average, including the random choice of keys. When a backend is deleted, hardly any key of another backend moves. Without a bound the endpoint of the most requested key has several times the average; with the bound, no endpoint gets a call that takes it above 1.25 times the average, rounded up to a whole call. In the paper, load moves when other load ends; a running call cannot move, so an endpoint may be above the bound for a while after calls at other endpoints have ended.",
  async run(effort: Effort): Promise<Findings> {
    const [keys, calls] = effort === "full" ? [10_000_000, 10_000] : [1_000_000, 2_000];
    const { most, least } = spreadOf(placesOf(backends, keys));
    const bounded = await skewed(calls, bound);
    const unbounded = await skewed(calls);
    const chance = effort === "full" ? 1 : 3;
    return {
      figures: [
        {
          what: "maglev: the most that a backend has, of the average",
          published: "within 1 %",
          ours: (most - 1) * 100,
          unit: "% above",
          within: [0, chance],
        },
        {
          what: "maglev: the least that a backend has, of the average",
          published: "within 1 %",
          ours: (1 - least) * 100,
          unit: "% below",
          within: [0, chance],
        },
        {
          what: "maglev: keys that move besides its own, when one goes",
          ours: movedBesides(keys / 10) * 100,
          unit: "%",
          within: [0, 2],
        },
        {
          what: "load of an endpoint that gets a call, of ⌈1.25 × average⌉, no bound",
          ours: unbounded.ofBound,
          within: [1.5, 6],
        },
        {
          what: "the same, bound of 1.25",
          published: "1 at most",
          ours: bounded.ofBound,
          within: [0.9, 1],
        },
      ],
      chart: {
        title: "The fullest of 20 endpoints that get a call, where a few keys are asked for most",
        x: { label: "calls so far" },
        y: { label: "times the average" },
        series: [
          { name: "ring, no bound", points: mostOf(unbounded.points) },
          { name: "ring, bound of 1.25", points: mostOf(bounded.points) },
        ],
      },
    };
  },
};

/** The largest of each 100 in a row. */
function mostOf(points: readonly (readonly [number, number])[]): [number, number][] {
  return points.flatMap(([call], index): [number, number][] =>
    index % 100 === 0 ? [[call, Math.max(...points.slice(index, index + 100).map(([, each]) => each))]] : [],
  );
}
