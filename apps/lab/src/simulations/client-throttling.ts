import { isOverloadedError, OverloadedError, ServiceBuilder } from "@sluice/core";
import { rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { throttle } from "@sluice/throttle";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { PerSecond } from "../world/per-second.ts";
import { simulate } from "../world/world.ts";

/** What the backend takes, a second. */
const capacity = 100;
/** What its clients ask for. */
const offered = 5 * capacity;
/** The window of the throttle, in seconds. */
const window = 30;

interface Run {
  readonly accepted: PerSecond;
  readonly refused: PerSecond;
  /** Refused by the backend for each that it took, once the window is full. */
  readonly refusals: number;
}

/** Clients ask for five times what the backend takes, and the backend says no to the rest. */
function overload(seconds: number, k?: number): Promise<Run> {
  return simulate(async (world) => {
    const { clock } = world;
    const [accepted, refused] = [new PerSecond(world), new PerSecond(world)];
    const backend = new ServiceBuilder()
      .layer(loadShed({ clock }))
      .layer(rateLimit({ limit: capacity, interval: 1_000, clock }))
      .serviceFn(() => world.pause(5));
    const client = new ServiceBuilder()
      .layer(k === undefined ? undefined : throttle({ k, window: window * 1_000, clock }))
      .serviceFn(async (request: undefined, options) => {
        try {
          await backend.call(request, options);
          accepted.add();
        } catch (error) {
          if (isOverloadedError(error)) refused.add();
          throw error;
        }
      });
    await world.arrivals(offered, seconds * 1_000, () => void client.call(undefined).catch(() => {}));
    return { accepted, refused, refusals: refused.rate(window, seconds) / accepted.rate(window, seconds) };
  });
}

/** How many windows after an outage it takes until nine of ten requests pass again. */
function recovery(k: number): Promise<number> {
  return simulate(async (world) => {
    const { clock } = world;
    const passed = new PerSecond(world);
    const [down, up] = [window, 3 * window];
    const client = new ServiceBuilder().layer(throttle({ k, window: window * 1_000, clock })).serviceFn(async () => {
      if (world.now >= down * 1_000 && world.now < up * 1_000) throw new OverloadedError("backend");
      passed.add();
    });
    const end = up + 12 * window;
    await world.arrivals(capacity, end * 1_000, () => void client.call(undefined).catch(() => {}));
    let second = up;
    while (second < end - 5 && passed.rate(second, second + 5) < 0.9 * capacity) second++;
    return (second - up) / window;
  });
}

export const clientThrottling: Simulation = {
  name: "client-throttling",
  title: "Client-side throttling",
  layers: ["throttle", "limit", "load-shed"],
  sources: [
    {
      title: "Beyer, Jones, Petoff and Murphy (editors), Site Reliability Engineering, O'Reilly 2016",
      where: "chapter 21, Handling Overload, “Client-Side Throttling”",
      url: "https://sre.google/sre-book/handling-overload/",
    },
  ],
  published:
    "An overloaded backend spends its capacity on refusals. So each client counts requests and accepts over two minutes, and refuses by itself with the probability (requests - K · accepts) / (requests + 1). With K = 2 the backend refuses one request for each that it accepts, also under a large overload; with K = 1.1 one for every ten.",
  setting:
    "A backend that accepts 100 requests a second and refuses the rest (`loadShed` outside a `rateLimit`), and clients that send 500: without a throttle, with `throttle({ k: 2 })` and with `throttle({ k: 1.1 })`, over windows of 30 s, our default. Then an outage of two windows, with 100 requests a second: how long it takes until nine of ten are accepted again.",
  reading:
    "The ratios match. The book does not mention the cost of a small K: after an outage a client sends only K times as much as was accepted in the last window, so that recovery with K = 1.1 takes a dozen windows. With the two minutes of the book that is more than twenty minutes. So our default window is 30 s, and our default K is 2. At the beginning of an overload, until the window has enough refusals, the backend gets more requests: the first seconds of the chart.",
  async run(effort: Effort): Promise<Findings> {
    const seconds = effort === "full" ? 180 : 60;
    const plain = await overload(seconds);
    const two = await overload(seconds, 2);
    const close = await overload(seconds, 1.1);
    return {
      figures: [
        { what: "refused for each that was taken, no throttle", ours: plain.refusals, within: [3.8, 4.2] },
        { what: "the same, K = 2", published: "1", ours: two.refusals, within: [0.9, 1.1] },
        { what: "the same, K = 1.1", published: "0.1", ours: close.refusals, within: [0.08, 0.12] },
        {
          what: "taken by the backend, K = 2",
          ours: two.accepted.rate(window, seconds),
          unit: "a second",
          within: [98, 101],
        },
        {
          what: "taken by the backend, K = 1.1",
          ours: close.accepted.rate(window, seconds),
          unit: "a second",
          within: [95, 101],
        },
        { what: "back after an outage, K = 2", ours: await recovery(2), unit: "windows", within: [1, 2.5] },
        ...(effort === "full"
          ? [
              {
                what: "back after an outage, K = 1.1",
                ours: await recovery(1.1),
                unit: "windows",
                within: [7, 12],
              } as const,
            ]
          : []),
      ],
      chart: {
        title: "Refused by a backend that takes 100 of 500 a second",
        x: { label: "seconds since the overload began" },
        y: { label: "refused a second" },
        series: [
          { name: "no throttle", points: plain.refused.points(seconds, 3) },
          { name: "K = 2", points: two.refused.points(seconds, 3) },
          { name: "K = 1.1", points: close.refused.points(seconds, 3) },
        ],
      },
    };
  },
};
