import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { priorityLine, type PriorityLineOptions } from "@sluice/priority";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { percentile } from "../world/latencies.ts";
import { simulate } from "../world/world.ts";

interface Caller {
  readonly level: number;
}

/** A server of 20 workers of 16 to 24 ms takes 1,000 requests a second. */
const workers = 20;
const capacity = 1_000;
/** Who has no answer by then has left, in ms. */
const patience = 100;

interface Run {
  /** Which share of each level was answered in time. */
  readonly inTime: readonly number[];
  /** Answered in time, a second. */
  readonly goodput: number;
  /** How long those waited who were let in: the median, in ms. */
  readonly wait: number;
}

/** So many requests a second of each level, for so long, and one order of the line. */
function overload(
  seconds: number,
  rates: readonly number[],
  line?: Omit<PriorityLineOptions<Caller>, "priority">,
): Promise<Run> {
  return simulate(async (world) => {
    const { clock } = world;
    const ordered = line && priorityLine<Caller>({ ...line, priority: ({ level }) => level, clock });
    const waits: number[] = [];
    const server = new ServiceBuilder()
      .layer(concurrencyLimit(workers, { line: ordered, clock }))
      .serviceFn(async (began: Caller & { at: number }) => {
        waits.push(world.now - began.at);
        await world.pause(world.between(16, 24));
      });
    const offered = rates.map(() => 0);
    const good = rates.map(() => 0);
    const ask = async (level: number) => {
      const at = world.now;
      offered[level]!++;
      await server.call({ level, at });
      if (world.now - at <= patience) good[level]!++;
    };
    const until = seconds * 1_000;
    // Who is refused is not answered in time.
    await Promise.all(rates.map((rate, level) => world.arrivals(rate, until, () => void ask(level).catch(() => {}))));
    // Those who came last have their time, too.
    await world.pause(patience);
    return {
      inTime: good.map((count, level) => count / offered[level]!),
      goodput: good.reduce((sum, count) => sum + count, 0) / seconds,
      wait: percentile(waits, 0.5),
    };
  });
}

const levels = 3;
const codel = { target: 5, interval: 100 };
const mixed = (rate: number) => [0.1 * rate, 0.4 * rate, 0.5 * rate];
const percent = (share: number | undefined) => (share ?? 0) * 100;

export const priorities: Simulation = {
  name: "priorities",
  title: "Controlled delay and priorities",
  layers: ["priority", "limit"],
  sources: [
    {
      title: "Maurer, Fail at Scale, ACM Queue 13(8), 2015",
      where: "“Controlled Delay”",
      url: "https://queue.acm.org/detail.cfm?id=2839461",
    },
    {
      title: "Nichols, Jacobson, McGregor and Iyengar, Controlled Delay Active Queue Management, RFC 8289, 2018",
      where: "section 5.3, the constants TARGET (5 ms) and INTERVAL (100 ms)",
      url: "https://www.rfc-editor.org/rfc/rfc8289",
    },
  ],
  published:
    "With a queue that stays full all callers wait, and most of the work is then done for callers that have left. With controlled delay, requests may wait for 100 ms where the queue was empty within the last 100 ms, and for 5 ms otherwise: the queue stays short, and the server works for callers that still wait. Of requests of several classes, the least important are refused first. The sources have no table to compare with.",
  setting:
    "A server that serves 1,000 requests a second gets 1,500 to 3,000; a caller without an answer after 100 ms leaves, and the server is not notified. There are classes of 10, 40 and 50 % of the requests. The server's `concurrencyLimit(20)` has its own line (first in, first out), a `priorityLine`, and a `priorityLine` with `codel: { target: 5, interval: 100 }`.",
  reading:
    "First in, first out: nearly all answers come too late, although the server is always busy. Strict priority serves the classes that fit in time, and spends the rest of the capacity on the last class, too late. With controlled delay the goodput equals the capacity. The target doubles with each class of higher importance: the most important has 20 ms.",
  async run(effort: Effort): Promise<Findings> {
    const seconds = effort === "full" ? 20 : 5;
    const strict = { levels, share: 0 };
    const fifo = await overload(seconds, mixed(1_500));
    const ordered = await overload(seconds, mixed(1_500), strict);
    const controlled = await overload(seconds, mixed(1_500), { ...strict, codel });
    const twice = await overload(seconds, mixed(3_000), { ...strict, codel });
    const rates = effort === "full" ? [500, 800, 950, 1_050, 1_200, 1_500, 2_000, 3_000] : [800, 1_500];
    const sweep = async (line?: Omit<PriorityLineOptions<Caller>, "priority">) => {
      const points: [number, number][] = [];
      for (const rate of rates) points.push([rate, (await overload(seconds / 2, mixed(rate), line)).goodput]);
      return points;
    };
    const ofCapacity = (run: Run) => percent(run.goodput / capacity);
    return {
      figures: [
        {
          what: "goodput at 1,500, first come, first served",
          ours: ofCapacity(fifo),
          unit: "% of capacity",
          within: [0, 45],
        },
        { what: "goodput at 1,500, by priority", ours: ofCapacity(ordered), unit: "% of capacity", within: [70, 90] },
        {
          what: "goodput at 1,500, by priority with a controlled delay",
          ours: ofCapacity(controlled),
          unit: "% of capacity",
          within: [96, 104],
        },
        { what: "goodput at 3,000, the same", ours: ofCapacity(twice), unit: "% of capacity", within: [96, 104] },
        {
          what: "in time at 1,500, the most important class",
          ours: percent(controlled.inTime[0]),
          unit: "%",
          within: [99, 100],
        },
        {
          what: "in time at 1,500, the least important class",
          ours: percent(controlled.inTime[2]),
          unit: "%",
          within: [20, 45],
        },
        {
          what: "in time at 3,000, the most important class",
          ours: percent(twice.inTime[0]),
          unit: "%",
          within: [99, 100],
        },
        { what: "median wait at 1,500, first come, first served", ours: fifo.wait, unit: "ms", within: [200, 10_000] },
        {
          what: "median wait of those let in at 1,500, with a controlled delay",
          ours: controlled.wait,
          unit: "ms",
          within: [0, 20],
        },
      ],
      chart: {
        title: "Answered in time by a server that takes 1,000 a second",
        x: { label: "offered a second" },
        y: { label: "answered within 100 ms, a second" },
        series: [
          { name: "first come, first served", points: await sweep() },
          { name: "by priority", points: await sweep(strict) },
          { name: "by priority, controlled delay", points: await sweep({ ...strict, codel }) },
        ],
      },
    };
  },
};
