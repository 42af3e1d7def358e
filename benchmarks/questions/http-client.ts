import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type HttpClient, fetchService, httpClient, propagate, retryIdempotent } from "@sluice/http";
import { undiciService } from "@sluice/http/undici";
import { concurrencyLimit } from "@sluice/limit";
import { retry, retryBudget, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import * as undici from "undici";
import type { Question, Subject, Variant } from "../harness/question.ts";

/** Callers, each of which sends the next request as soon as it has read its answer. */
const callers = 32;
const ms = 400;

type Ask = (url: string) => Promise<unknown>;

/** Callers in this process, and the server in another. */
function asking(name: string, by: Variant["by"], make: (origin: string) => Ask): Variant {
  const prepare = async (): Promise<Subject> => {
    const server = fork(join(import.meta.dirname, "../harness/http-answers.ts"), [], { execArgv: [] });
    const [port] = (await once(server, "message")) as [number];
    const origin = `http://127.0.0.1:${port}`;
    const ask = make(origin);
    const round = async () => {
      let answered = 0;
      const end = performance.now() + ms;
      const caller = async (): Promise<void> => {
        while (performance.now() < end) {
          await ask(`${origin}/items/1`);
          answered++;
        }
      };
      const cpu = process.cpuUsage();
      await Promise.all(Array.from({ length: callers }, caller));
      const { user, system } = process.cpuUsage(cpu);
      return { cpu: (user + system) / answered, rps: (answered * 1_000) / ms };
    };
    await round();
    await round();
    return { round };
  };
  return { name, by, prepare };
}

function whole(): HttpClient {
  return httpClient({
    total: timeout({ total: 30_000 }),
    retry: retry(retryPolicy({ ...retryIdempotent, maxRetries: 3, budget: retryBudget() })),
    limit: concurrencyLimit(2 * callers),
    attempt: timeout(10_000),
    propagate: propagate(),
  });
}

export const question: Question = {
  title: "What do the layers cost a client?",
  about:
    "32 callers in one process, each asking again as soon as it has read the 50 bytes of its answer, and a server in another, which does no work. " +
    "The CPU time is that of the callers' process. The whole client has a total time-out, a retry with a budget, a limit, a time-out for the attempt, `propagate` and `failOnStatus`.",
  groups: [
    {
      title: "32 callers",
      columns: [
        { figure: "cpu", label: "CPU µs/request", digits: 1 },
        { figure: "rps", label: "requests/s" },
      ],
      variants: [
        asking("fetch", "bare", () => async (url) => (await fetch(url)).text()),
        asking("fetch with a signal", "hand", () => async (url) => {
          const response = await fetch(url, { signal: new AbortController().signal });
          return response.text();
        }),
        asking("fetchService", "sluice", () => {
          const service = fetchService();
          return async (url) => (await service.call({ url })).text();
        }),
        asking("the whole client, call", "sluice", () => {
          const client = whole();
          return async (url) => (await client.call({ url })).text();
        }),
        asking("the whole client, fetch", "sluice", () => {
          const client = whole();
          return async (url) => (await client.fetch(url)).text();
        }),
        asking("undici's fetch, a pool", "peer", (origin) => {
          const dispatcher = new undici.Pool(origin, { connections: callers });
          return async (url) => (await undici.fetch(url, { dispatcher })).text();
        }),
        asking("undiciService", "sluice", (origin) => {
          const { service } = undiciService({ origin, connections: callers });
          return async (url) => (await service.call({ url })).text();
        }),
      ],
      goals: [{ of: "the whole client, call", figure: "cpu", to: "fetch with a signal", most: 1.2 }],
      rounds: 7,
    },
  ],
};
