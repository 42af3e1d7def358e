import { balance, type Load } from "@sluice/balance";
import { serviceFn } from "@sluice/core";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { simulate } from "../world/world.ts";

/** As many calls as endpoints, none of which ends: how many has the fullest? */
function fullest(endpoints: number, seed: number, load?: Load): Promise<number> {
  return simulate(async (world) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const busy = serviceFn((_request: undefined) => held);
    const balanced = balance({
      endpoints: Array.from({ length: endpoints }, (_, index) => [index, busy] as const),
      load,
      clock: world.clock,
      random: world.random,
    });
    const calls = Array.from({ length: endpoints }, () => balanced.call(undefined));
    const most = Math.max(...balanced.endpoints.map(({ pending }) => pending));
    release();
    await Promise.all(calls);
    return most;
  }, seed);
}

/** All look the same: the first of the two is taken, which is one choice at random. */
const blind: Load = () => 0;

async function average(trials: number, endpoints: number, load?: Load): Promise<number> {
  let sum = 0;
  for (let seed = 1; seed <= trials; seed++) sum += await fullest(endpoints, seed, load);
  return sum / trials;
}

export const twoChoices: Simulation = {
  name: "two-choices",
  title: "The power of two choices",
  layers: ["balance"],
  sources: [
    {
      title: "Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12(10), 2001",
      where: "section 1, after Azar, Broder, Karlin and Upfal",
      url: "https://www.eecs.harvard.edu/~michaelm/postscripts/tpds2001.pdf",
    },
  ],
  published:
    "With n calls on n endpoints, each at a random one, the fullest endpoint has about ln n / ln ln n calls. With the less busy of two random endpoints it has ln ln n / ln 2 plus a constant: for 1,000 endpoints, 2.8 plus a constant.",
  setting:
    "`balance()` over 30 to 3,000 endpoints, with as many calls as endpoints, none of which ends; and the same with an equal `load` for all endpoints, which means one random choice. The mean of 20 trials.",
  reading:
    "With two choices the fullest endpoint has 3 of 1,000 calls: the constant is almost 0. With one choice it has nearly twice as many, and the number grows with n.",
  async run(effort: Effort): Promise<Findings> {
    const [trials, sizes] = effort === "full" ? [20, [30, 100, 300, 1_000, 3_000]] : [3, [100, 1_000]];
    const [one, two]: [number, number][][] = [[], []];
    for (const size of sizes) {
      one!.push([size, await average(trials, size, blind)]);
      two!.push([size, await average(trials, size)]);
    }
    const at = (points: readonly (readonly [number, number])[]) => points.find(([size]) => size === 1_000)![1];
    return {
      figures: [
        { what: "the fullest of 1,000, one choice", published: "3.6 and a constant", ours: at(one!), within: [4.5, 7] },
        {
          what: "the fullest of 1,000, the less busy of two",
          published: "2.8 and a constant",
          ours: at(two!),
          within: [2.5, 3.5],
        },
      ],
      chart: {
        title: "As many calls as endpoints: how many has the fullest",
        x: { label: "endpoints", scale: "log" },
        y: { label: "calls" },
        series: [
          { name: "one choice", points: one! },
          { name: "the less busy of two", points: two! },
        ],
      },
    };
  },
};
