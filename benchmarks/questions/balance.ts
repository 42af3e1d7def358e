import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { balance, type BalanceOptions } from "@sluice/balance";
import { maglev } from "@sluice/balance/hash";
import { concurrencyLimit } from "@sluice/limit";
import * as undici from "undici";
import { answer, bytesPerCall, type Call, oneByOne } from "../harness/calls.ts";
import { type Group, perCall, type Question, type Subject, type Variant } from "../harness/question.ts";

type Endpoint = Service<number, number>;

const endpoint = (): Endpoint => new ServiceBuilder().layer(concurrencyLimit(10)).serviceFn(answer);
const endpoints = (count: number) => Array.from({ length: count }, (_, nth) => [nth, endpoint()] as const);

/** The same services, round robin. */
function inTurns(count: number): Call {
  const all = endpoints(count);
  return (request) => all[request % count]![1].call(request);
}

/** The less busy of two random services, written by hand. */
function twoByHand(count: number): Call {
  const all = endpoints(count).map(([, service]) => ({ service, pending: 0 }));
  return async (request) => {
    const one = all[Math.floor(Math.random() * count)]!;
    const other = all[Math.floor(Math.random() * count)]!;
    const chosen = other.pending < one.pending ? other : one;
    chosen.pending++;
    try {
      return await chosen.service.call(request);
    } finally {
      chosen.pending--;
    }
  };
}

function balanced(count: number, options: Omit<BalanceOptions<Endpoint>, "endpoints"> = {}): Call {
  const service = balance<Endpoint>({ endpoints: endpoints(count), ...options });
  return (request) => service.call(request);
}

const of = (count: number): Group => ({
  title: `${count.toLocaleString("en")} endpoints with a limit each`,
  columns: perCall,
  reference: "two choices by hand",
  variants: [
    oneByOne("bare", "bare", () => answer),
    oneByOne("in turns", "hand", () => inTurns(count)),
    oneByOne("two choices by hand", "hand", () => twoByHand(count)),
    oneByOne("balance", "sluice", () => balanced(count)),
    oneByOne("balance, peak EWMA", "sluice", () => balanced(count, { load: "peak-ewma", defaultRtt: 5 })),
    oneByOne("balance, outliers", "sluice", () => balanced(count, { outliers: {} })),
    oneByOne("balance, maglev", "sluice", () =>
      balanced(count, { pick: maglev({ key: (request: number) => request }) }),
    ),
  ],
});

/** Callers, each of which sends the next request as soon as it has read its answer. */
const callers = 32;
const ms = 400;

type Ask = () => Promise<unknown>;

/** Callers in this process, and three servers in others, which take the given milliseconds to answer. */
function asking(
  name: string,
  by: Variant["by"],
  takes: readonly number[],
  make: (origins: readonly string[]) => Ask,
): Variant {
  const prepare = async (): Promise<Subject> => {
    const origins: string[] = [];
    for (const delay of takes) {
      const server = fork(join(import.meta.dirname, "../harness/http-answers.ts"), [`${delay}`], { execArgv: [] });
      const [port] = (await once(server, "message")) as [number];
      origins.push(`http://127.0.0.1:${port}`);
    }
    const ask = make(origins);
    const round = async () => {
      const latencies: number[] = [];
      const end = performance.now() + ms;
      const caller = async (): Promise<void> => {
        while (performance.now() < end) {
          const begin = performance.now();
          await ask();
          latencies.push(performance.now() - begin);
        }
      };
      const cpu = process.cpuUsage();
      await Promise.all(Array.from({ length: callers }, caller));
      const { user, system } = process.cpuUsage(cpu);
      latencies.sort((one, other) => one - other);
      return {
        rps: (latencies.length * 1_000) / ms,
        cpu: (user + system) / latencies.length,
        p99: latencies[Math.floor(latencies.length * 0.99)]!,
      };
    };
    /** `count` requests, by all callers together. */
    const run = (count: number) =>
      Promise.all(
        Array.from({ length: callers }, async () => {
          while (count-- > 0) await ask();
        }),
      );
    await round();
    await round();
    return { round, once: async () => ({ bytes: await bytesPerCall(run, 500) }) };
  };
  return { name, by, prepare };
}

const get = { method: "GET", path: "/items/1" } as const;

function balancedPool(origins: readonly string[]): Ask {
  const pool = new undici.BalancedPool([...origins], { connections: callers });
  return async () => (await pool.request({ ...get, origin: origins[0]! })).body.text();
}

/** The same pools, one for each server, behind services; with a limit each, or as in a `BalancedPool`, where requests wait inside the pool. */
function balancedServices(limit?: number, options: Omit<BalanceOptions<Service<void, string>>, "endpoints"> = {}) {
  return (origins: readonly string[]): Ask => {
    const service = balance<Service<void, string>>({
      endpoints: origins.map((origin) => {
        const pool = new undici.Pool(origin, { connections: callers });
        const text = serviceFn(async () => (await pool.request(get)).body.text());
        const layer = limit === undefined ? undefined : concurrencyLimit(limit);
        return [origin, new ServiceBuilder().layer(layer).service(text)] as const;
      }),
      ...options,
    });
    return () => service.call();
  };
}

const peers = (title: string, takes: readonly number[]): Group => ({
  title,
  columns: [
    { figure: "rps", label: "requests/s" },
    { figure: "cpu", label: "CPU µs/request", digits: 1 },
    { figure: "p99", label: "p99, ms", digits: 1 },
    { figure: "bytes", label: "bytes/request" },
  ],
  variants: [
    asking("undici's BalancedPool", "peer", takes, balancedPool),
    asking("balance", "sluice", takes, balancedServices()),
    asking("balance, a limit each", "sluice", takes, balancedServices(callers)),
    asking("balance, peak EWMA", "sluice", takes, balancedServices(undefined, { load: "peak-ewma", defaultRtt: 5 })),
  ],
  goals: [
    { of: "balance", figure: "cpu", to: "undici's BalancedPool", most: 1 },
    { of: "balance", figure: "rps", to: "undici's BalancedPool", least: 1 },
    { of: "balance", figure: "bytes", to: "undici's BalancedPool", most: 1 },
  ],
  rounds: 7,
});

export const question: Question = {
  title: "What does it cost to choose an endpoint, beside undici's BalancedPool?",
  about:
    "The choice alone: each endpoint is a limit around the work, and calls come one after the other. And with three HTTP servers, each a process of its own, and 32 callers, each asking again as soon as it has read its answer: " +
    "by undici's `BalancedPool`, and by `balance` over undici's pools. `BalancedPool` takes the servers in turns, by weights that fall where one fails: it knows nothing of how busy they are. The p99 is of the latencies that callers see.",
  groups: [
    ...[10, 1_000].map(of),
    peers("Three servers that answer at once", [0, 0, 0]),
    peers("Three servers, one of which takes 50 ms", [0, 0, 50]),
  ],
};
