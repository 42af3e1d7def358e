import { ServiceBuilder } from "@sluice/core";
import { type Backoff, exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { PerSecond } from "../world/per-second.ts";
import { simulate, type World } from "../world/world.ts";

const perSecond = 100;

/** A retry of so many times, with a tenth of the requests as its budget, or with none. */
function retrying(world: World, maxRetries: number, hasBudget: boolean, backoff: Backoff<number>) {
  const budget = hasBudget ? retryBudget({ ratio: 0.1, minPerSecond: 0, clock: world.clock }) : undefined;
  return retry(retryPolicy({ maxRetries, backoff, budget }), { clock: world.clock });
}

interface Run {
  /** At the backend. */
  readonly attempts: PerSecond;
  /** Attempts for each request while it failed. */
  readonly growth: number;
}

/** A backend that fails for the middle third of the time. */
function outage(seconds: number, hasBudget: boolean): Promise<Run> {
  return simulate(async (world) => {
    const [requests, attempts] = [new PerSecond(world), new PerSecond(world)];
    const isDown = () => world.now >= (seconds * 1_000) / 3 && world.now < (seconds * 2_000) / 3;
    const backoff = exponentialBackoff({ base: 50, max: 1_000, random: world.random });
    const client = new ServiceBuilder().layer(retrying(world, 2, hasBudget, backoff)).serviceFn(async () => {
      attempts.add();
      await world.pause(5);
      if (isDown()) throw new Error("The backend is down.");
    });
    await world.arrivals(perSecond, seconds * 1_000, () => {
      requests.add();
      client.call(undefined).catch(() => {});
    });
    const during = [seconds / 3, (seconds * 2) / 3] as const;
    return { attempts, growth: attempts.rate(...during) / requests.rate(...during) };
  });
}

/** Three layers that each try four times, in front of a database that fails: attempts there for each request of a user. */
function layered(requests: number, hasBudget: boolean): Promise<number> {
  return simulate(async (world) => {
    let attempts = 0;
    const backoff = exponentialBackoff({ base: 1, max: 10, random: world.random });
    const user = new ServiceBuilder()
      .layer(retrying(world, 3, hasBudget, backoff))
      .layer(retrying(world, 3, hasBudget, backoff))
      .layer(retrying(world, 3, hasBudget, backoff))
      .serviceFn(() => {
        attempts++;
        return Promise.reject(new Error("The database is overloaded."));
      });
    for (let request = 0; request < requests; request++) {
      await user.call(undefined).catch(() => {});
      await world.pause(1_000 / perSecond);
    }
    return attempts / requests;
  });
}

export const retryBudgets: Simulation = {
  name: "retry-budgets",
  title: "Retry budgets",
  layers: ["retry"],
  sources: [
    {
      title: "Beyer, Jones, Petoff and Murphy (editors), Site Reliability Engineering, O'Reilly 2016",
      where: "chapter 21, Handling Overload, “Deciding to Retry”",
      url: "https://sre.google/sre-book/handling-overload/",
    },
    {
      title: "The same",
      where: "chapter 22, Addressing Cascading Failures, “Retries”",
      url: "https://sre.google/sre-book/addressing-cascading-failures/",
    },
  ],
  published:
    "With three attempts for each request, the load of a backend that refuses nearly all of them grows to just below three times. With a budget that allows retries for at most a tenth of the requests, it grows to 1.1 times. Three layers with four attempts each turn one request into 64 attempts at the database.",
  setting:
    "100 requests a second, and a backend that fails for a third of the time: `retryPolicy({ maxRetries: 2 })`, without and with `retryBudget({ ratio: 0.1, minPerSecond: 0 })`. Then three nested retries of four attempts each, without budgets and with one each.",
  reading:
    "The factors match. Our budget covers ten seconds, and retries spend it as soon as it allows one: at the beginning of an outage the retries that ten healthy seconds have earned are made immediately, and as many again every ten seconds, which are the peaks of the chart. A budget at each of three layers leaves 1.1 × 1.1 × 1.1 attempts of 64. It is better still to retry in one layer only.",
  async run(effort: Effort): Promise<Findings> {
    const seconds = effort === "full" ? 180 : 90;
    const plain = await outage(seconds, false);
    const budgeted = await outage(seconds, true);
    return {
      figures: [
        {
          what: "load during the outage, three attempts",
          published: "just below 3 times",
          ours: plain.growth,
          unit: "times",
          within: [2.8, 3.1],
        },
        {
          what: "load during the outage, with a budget of 10 %",
          published: "1.1 times",
          ours: budgeted.growth,
          unit: "times",
          within: [1.03, 1.2],
        },
        {
          what: "attempts for a request, three layers of four",
          published: "64",
          ours: await layered(20, false),
          within: [64, 64],
        },
        { what: "the same, each layer with a budget of 10 %", ours: await layered(2_000, true), within: [1.2, 1.45] },
      ],
      chart: {
        title: "Attempts at a backend that is asked 100 times a second, and fails",
        x: { label: "seconds" },
        y: { label: "attempts a second" },
        series: [
          { name: "three attempts", points: plain.attempts.points(seconds, 2) },
          { name: "three attempts, budget of 10 %", points: budgeted.attempts.points(seconds, 2) },
        ],
      },
    };
  },
};
