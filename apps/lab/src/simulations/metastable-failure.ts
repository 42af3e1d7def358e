import { circuitBreaker } from "@sluice/circuit-breaker";
import { type Clock, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { priorityLine } from "@sluice/priority";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { throttle } from "@sluice/throttle";
import { isTimeoutError, timeout } from "@sluice/timeout";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { PerSecond } from "../world/per-second.ts";
import { simulate } from "../world/world.ts";

/** 15 workers of 50 ms: 300 queries a second. */
const workers = 15;
const takes = 50;
/** When the outage begins, in seconds. */
const trigger = 20;

/** What stands in front of the database, at the client or at the server. */
interface Defences {
  readonly budget?: (clock: Clock) => ReturnType<typeof retryBudget>;
  readonly throttle?: (clock: Clock) => ReturnType<typeof throttle>;
  readonly breaker?: (clock: Clock) => ReturnType<typeof circuitBreaker>;
  readonly line?: (clock: Clock) => ReturnType<typeof priorityLine>;
}

interface Setting {
  /** Queries of users, a second. */
  readonly load: number;
  /** How long the outage lasts, and how long it is watched after it, in seconds. */
  readonly outage: number;
  readonly after: number;
}

interface Run {
  readonly end: number;
  /** Answered in time. */
  readonly good: PerSecond;
  /** Refused, or not answered in time. */
  readonly failed: PerSecond;
  /** Queries that reach the database. */
  readonly attempts: PerSecond;
  /** How many seconds after the outage nine of ten are answered in time again; Infinity: not while it was watched. */
  readonly back: number;
}

/** An application gives a query a second, and tries it once more. For a while the database stands still. */
function run({ load, outage, after }: Setting, defences: Defences = {}): Promise<Run> {
  return simulate(async (world) => {
    const { clock } = world;
    const [good, failed, attempts] = [new PerSecond(world), new PerSecond(world), new PerSecond(world)];
    const [up, end] = [trigger + outage, trigger + outage + after];
    const isDown = () => world.now >= trigger * 1_000 && world.now < up * 1_000;
    const database = new ServiceBuilder()
      .layer(concurrencyLimit(workers, { line: defences.line?.(clock), clock }))
      .serviceFn(async () => {
        if (isDown()) await world.pause(up * 1_000 - world.now);
        await world.pause(takes);
      });
    const backoff = exponentialBackoff({ base: 0, max: 0 });
    const application = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 1, backoff, budget: defences.budget?.(clock) }), { clock }))
      .layer(defences.throttle?.(clock))
      .layer(defences.breaker?.(clock))
      .layer(timeout({ call: 1_000, clock }))
      .serviceFn((query: undefined) => {
        attempts.add();
        // The database is not told that its client has left, and does all that it was asked for.
        return database.call(query);
      });
    await world.arrivals(
      load,
      end * 1_000,
      () =>
        void application.call(undefined).then(
          () => good.add(),
          () => failed.add(),
        ),
    );
    let second = up;
    while (second < end && good.rate(second, Math.min(second + 3, end)) < 0.9 * load) second++;
    return { end, good, failed, attempts, back: second < end - 3 ? second - up : Number.POSITIVE_INFINITY };
  });
}

/** A timeout says that the other side did not take it, as a refusal does. */
const timedOutIsRefused = (outcome: PromiseSettledResult<unknown>) =>
  outcome.status === "rejected" && isTimeoutError(outcome.reason) ? "refused" : undefined;

const defended = {
  budget: { budget: (clock) => retryBudget({ ratio: 0.1, minPerSecond: 0, clock }) },
  throttle: { throttle: (clock) => throttle({ k: 1.5, window: 10_000, classify: timedOutIsRefused, clock }) },
  breaker: { breaker: (clock) => circuitBreaker({ clock }) },
  line: { line: (clock) => priorityLine({ priority: () => 0, levels: 1, codel: true, clock }) },
} as const satisfies Record<string, Defences>;

export const metastableFailure: Simulation = {
  name: "metastable-failure",
  title: "A metastable failure, and how it ends",
  layers: ["retry", "timeout", "throttle", "circuit-breaker", "priority", "limit"],
  sources: [
    {
      title: "Bronson, Aghayev, Charapko and Zhu, Metastable Failures in Distributed Systems, HotOS 2021",
      where: "section 2.1, Request Retries",
      url: "https://sigops.org/s/conferences/hotos/2021/papers/hotos21-s11-bronson.pdf",
    },
  ],
  published:
    "A database answers within 100 ms up to 300 queries a second. An application waits for a second, and retries once. At 280 queries a second it works, until a short outage: then queries time out, each is sent twice, and 560 a second keep the database too slow, long after the outage has ended. Below 150 a second, half of the capacity, it recovers by itself; above, it stays down.",
  setting:
    "15 workers of 50 ms (300 a second) behind an unbounded line, which do all queries, also abandoned ones. `timeout({ call: 1_000 })` inside a `retry` of one. The database stops for 10 seconds, and is observed for 90 more, or 240 where the load is near 150 (2, 25 and 30 in the short form). Then the same at 280 a second with one more layer: a `retryBudget` of 10 %; a `throttle` that counts a timeout as a refusal; a `circuitBreaker` with its defaults; and, at the server, a `priorityLine` with `codel: true`.",
  reading:
    "The failure is as published: it lasts at 160 a second and more, with twice the load at the database, and ends at 140. The retry budget halves the load but does not end the failure: the cause is the line of abandoned queries, and with 10 % retries there is no spare capacity to work it off. Two things end it: to send less until the line is empty (throttle and breaker), or to keep the line short (controlled delay at the server), which is by far the fastest. Controlled delay has a cost: at 93 % of the capacity a line of 5 ms refuses a few calls without an overload. With more servers, or a longer `target`, it refuses fewer.",
  async run(effort: Effort): Promise<Findings> {
    const [outage, after] = effort === "full" ? [10, 90] : [2, 25];
    const at = (load: number, defences?: Defences, watched = after) => run({ load, outage, after: watched }, defences);
    const plain = await at(280);
    // With so few more than it can do, the line takes its time to go.
    const long = effort === "full" ? 240 : 30;
    const below = await at(140, undefined, long);
    const above = await at(160, undefined, long);
    const budget = await at(280, defended.budget);
    const throttled = await at(280, defended.throttle, effort === "full" ? after : 60);
    const breaker = await at(280, defended.breaker);
    const line = await at(280, defended.line);
    const last = (counts: PerSecond, { end }: Run) => counts.rate(end - 10, end);
    const lost = (of: Run) => (100 * of.failed.rate(0, trigger)) / 280;
    const never = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
    return {
      figures: [
        {
          what: "280 a second: answered in time at the end",
          published: "nearly none",
          ours: last(plain.good, plain),
          unit: "a second",
          within: [0, 10],
        },
        {
          what: "280 a second: queries at the database",
          published: "560",
          ours: last(plain.attempts, plain),
          unit: "a second",
          within: [530, 590],
        },
        { what: "140 a second: back after", published: "comes back", ours: below.back, unit: "s", within: [0, 200] },
        {
          what: "160 a second: back after",
          published: "does not come back",
          ours: above.back,
          unit: "s",
          within: never,
        },
        {
          what: "280 a second, retry budget of 10 %: queries at the database",
          ours: last(budget.attempts, budget),
          unit: "a second",
          within: [290, 325],
        },
        { what: "280 a second, retry budget: back after", ours: budget.back, unit: "s", within: never },
        { what: "280 a second, throttle: back after", ours: throttled.back, unit: "s", within: [1, 80] },
        { what: "280 a second, circuit breaker: back after", ours: breaker.back, unit: "s", within: [1, 60] },
        {
          what: "280 a second, controlled delay at the server: back after",
          ours: line.back,
          unit: "s",
          within: [0, 3],
        },
        {
          what: "280 a second, before the outage: failed, retry alone",
          ours: lost(plain),
          unit: "%",
          within: [0, 0],
        },
        {
          what: "280 a second, before the outage: failed, controlled delay",
          ours: lost(line),
          unit: "%",
          within: [0, 10],
        },
      ],
      chart: {
        title: `280 queries a second, and an outage from ${trigger} to ${trigger + outage} s`,
        x: { label: "seconds" },
        y: { label: "answered in time, a second" },
        series: [
          { name: "retry alone", points: plain.good.points(plain.end, 2) },
          { name: "retry budget", points: budget.good.points(plain.end, 2) },
          { name: "throttle", points: throttled.good.points(plain.end, 2) },
          { name: "circuit breaker", points: breaker.good.points(plain.end, 2) },
          { name: "controlled delay at the server", points: line.good.points(plain.end, 2) },
        ],
      },
    };
  },
};
