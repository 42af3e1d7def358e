import { setTimeout as sleep } from "node:timers/promises";
import type { ServerTimes } from "@sluice/http/node";
import { Client, together } from "./client.ts";
import { Connection } from "./connection.ts";
import type { Served } from "./served.ts";

/** The times of the attacked server, ms; much too short for the internet, so that a run ends soon. */
export const times = { headersTimeout: 1_000, requestTimeout: 2_000, sendTimeout: 1_000, lingerTimeout: 500 } as const;
export const permits = 50;
export const maxConnections = 6_000;

/** How long an attack is observed where nothing ends it, ms. */
const patience = 5_000;

interface Seen {
  /** In a few words, with figures. */
  readonly what: string;
  readonly holds: boolean;
}

export interface Attack {
  readonly name: string;
  /** What must hold on a hardened server. */
  readonly must: string;
  /** Where it needs other times than {@link times}. */
  readonly times?: ServerTimes;
  readonly run: (served: Served) => Promise<Seen>;
}

/** Waits until a condition holds, and returns how long that took: ms, or Infinity where it took too long. */
async function until(holds: () => boolean | Promise<boolean>, within = patience): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > within) return Number.POSITIVE_INFINITY;
    await sleep(10);
  }
  return performance.now() - began;
}

/** How long other clients wait for a short answer, ms: the median of 50, one after the other. */
async function othersWait({ port }: Served): Promise<number> {
  const connection = await Connection.open(port, () => {});
  const waits: number[] = [];
  for (let nth = 0; nth < 50; nth++) {
    const began = performance.now();
    const answer = await Promise.race([connection.ask("/hello"), sleep(1_000)]);
    if (answer?.status !== 200) return Number.POSITIVE_INFINITY;
    waits.push(performance.now() - began);
  }
  connection.close();
  return waits.sort((one, other) => one - other)[25]!;
}

const inTime = (ms: number, most: number): boolean => ms <= most * 1.2 + 500;
const seconds = (ms: number): string =>
  Number.isFinite(ms) ? `after ${(ms / 1_000).toFixed(1)} s` : `not in ${patience / 1_000} s`;
const waiting = (ms: number): string =>
  Number.isFinite(ms) ? `others served in ${ms.toFixed(1)} ms` : "others not served";
const heard = (clients: readonly Client[], status: number): number =>
  clients.filter((client) => client.heard.startsWith(`HTTP/1.1 ${status}`)).length;

const head = (method: string, path: string, fields = ""): string =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${fields}\r\n`;

export const attacks: readonly Attack[] = [
  {
    name: "300 connections that send their headers slowly",
    must: "408 within `headersTimeout` and a fifth; others are served",
    run: (served) =>
      together(
        300,
        () => new Client(served.port).send("GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "),
        async (clients) => {
          const drip = setInterval(() => clients.forEach((client) => client.socket.writable && client.send("a")), 50);
          const wait = await othersWait(served);
          const gone = await until(() => clients.every(({ closed }) => closed));
          clearInterval(drip);
          const closed = clients.filter((client) => client.closed).length;
          return {
            what: `${closed} closed ${seconds(gone)}, ${heard(clients, 408)} with 408; ${waiting(wait)}`,
            holds: closed === 300 && inTime(gone, times.headersTimeout) && Number.isFinite(wait),
          };
        },
      ),
  },
  {
    name: "bodies that never end, on all 50 permits",
    must: "the permits are back within `requestTimeout` and a fifth",
    run: ({ port, counted }) =>
      together(
        permits,
        () => new Client(port).send(head("POST", "/upload", "content-length: 1000000\r\n")).send("ab"),
        async (clients) => {
          await until(async () => (await counted()).active === permits);
          const drip = setInterval(() => clients.forEach((client) => client.socket.writable && client.send("a")), 50);
          const back = await until(async () => (await counted()).active === 0);
          clearInterval(drip);
          const { active } = await counted();
          return {
            what: `${active} held ${seconds(back)}, ${heard(clients, 408)} heard 408`,
            holds: active === 0 && inTime(back, times.requestTimeout),
          };
        },
      ),
  },
  {
    name: "clients that never read, on all permits but one, and a slow handler on that",
    must: "they are dropped within twice `sendTimeout`; the slow handler is answered",
    run: ({ port, counted }) =>
      together(
        permits - 1,
        () => new Client(port, false).send(head("GET", "/download")),
        async (clients) => {
          const connection = await Connection.open(port, () => {});
          const slow = connection.ask("/slow");
          await until(async () => (await counted()).active === permits);
          for (const { socket } of clients) socket.pause();
          const dropped = await until(async () => (await counted()).active <= 1);
          const [{ active, stalled }, answer] = [await counted(), await Promise.race([slow, sleep(patience)])];
          connection.close();
          return {
            what: `${active > 1 ? `${active} held` : "dropped"} ${seconds(dropped)}, ${stalled} stalled; the slow one: ${answer?.status ?? "no answer"}`,
            holds:
              active <= 1 &&
              stalled === permits - 1 &&
              inTime(dropped, 2 * times.sendTimeout) &&
              answer?.status === 200,
          };
        },
      ),
  },
  {
    name: "headers of 120 kB, and 2,500 headers",
    must: "431, and closed",
    run: async ({ port }) => {
      const large = `x-large: ${"a".repeat(120_000)}\r\n`;
      const many = Array.from({ length: 2_500 }, (_, nth) => `x-${nth}: a\r\n`).join("");
      using one = new Client(port).send(head("GET", "/hello", large));
      using other = new Client(port).send(head("GET", "/hello", many));
      await until(() => one.closed && other.closed);
      const statuses = [one, other].map((client) => client.heard.slice(9, 12) || "no answer");
      return {
        what: `${statuses.join(" and ")}${one.closed && other.closed ? ", closed" : ""}`,
        holds: statuses.every((status) => status === "431") && one.closed && other.closed,
      };
    },
  },
  {
    name: "5,000 connections that are silent",
    must: "less than 10 kB of heap each; others are served; gone after `headersTimeout` and a fifth",
    run: async (served) => {
      const { port, counted, collected } = served;
      const before = await collected();
      return together(
        5_000,
        () => new Client(port),
        async (clients) => {
          const came = await until(async () => (await counted()).connections >= before.connections + 5_000);
          const wait = await othersWait(served);
          const full = await collected();
          const each = (full.heap - before.heap) / 5_000;
          const gone = await until(() => clients.every(({ closed }) => closed));
          return {
            what: `${Math.max(0, each / 1_000).toFixed(1)} kB of heap each; ${waiting(wait)}; gone ${seconds(gone)}`,
            holds: Number.isFinite(came + wait) && each < 10_000 && inTime(gone, times.headersTimeout),
          };
        },
      );
    },
  },
  {
    name: "1,000 connections more than there may be",
    must: "they are turned away, and the rest is served",
    // As many as allowed stay open meanwhile.
    times: { headersTimeout: 30_000, requestTimeout: 30_000 },
    run: async ({ port, counted }) => {
      const kept = await Connection.open(port, () => {});
      return together(
        maxConnections + 999,
        () => new Client(port),
        async (clients) => {
          await until(async () => (await counted()).dropped + (await counted()).connections >= maxConnections + 1_000);
          const { connections, dropped } = await counted();
          const closed = await until(() => clients.filter((client) => client.closed).length === dropped);
          const answer = await Promise.race([kept.ask("/hello"), sleep(1_000)]);
          kept.close();
          return {
            what: `${dropped} turned away, ${connections} open; one of those: ${answer?.status ?? "no answer"}`,
            holds: dropped === 1_000 && Number.isFinite(closed) && answer?.status === 200,
          };
        },
      );
    },
  },
  {
    name: "10 uploads of 400 MB that are refused",
    must: "less than 1 MB of each is read, and all hear the answer",
    run: async ({ port, counted }) => {
      const before = await counted();
      return together(
        10,
        () => new Client(port).send(head("POST", "/full", "content-length: 400000000\r\n")).pour(),
        async (clients) => {
          await until(
            () => clients.every(({ closed, socket }) => closed || socket.bytesWritten >= 400_000_000),
            20_000,
          );
          const read = ((await counted()).read - before.read) / 10;
          return {
            what: `${(read / 1e6).toFixed(1)} MB of each read, ${heard(clients, 503)} of 10 heard 503`,
            holds: read < 1e6 && heard(clients, 503) === 10,
          };
        },
      );
    },
  },
  {
    name: "an upload with Expect: 100-continue, while it is full",
    must: "the final answer, and no 100",
    run: async ({ port }) => {
      using client = new Client(port).send(
        head("POST", "/full", "expect: 100-continue\r\ncontent-length: 400000000\r\n"),
      );
      await until(() => /HTTP\/1\.1 503/.test(client.heard));
      const statuses = [...client.heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      return { what: statuses.join(", then ") || "no answer", holds: statuses.join() === "503" };
    },
  },
  {
    name: "500 pipelined requests",
    must: "each is answered, in order; never more run than there are permits",
    run: async ({ port, counted }) => {
      const requests = Array.from({ length: 500 }, (_, nth) => head("GET", `/work/${nth}`));
      using client = new Client(port).send(requests.join(""));
      const statuses = (): string[] => [...client.heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);
      await until(() => statuses().length === 500 || client.closed);
      const good = [...client.heard.matchAll(/\/work\/(\d+)(?=HTTP|$)/g)].map(([, nth]) => Number(nth));
      const refused = statuses().filter((status) => status === "503").length;
      const { most } = await counted();
      const inOrder = good.every((nth, index) => index === 0 || nth > good[index - 1]!);
      return {
        what: `${good.length} answered${inOrder ? " in order" : ""}, ${refused} refused; ${most.work} at once`,
        holds: good.length + refused === 500 && inOrder && most.work <= permits,
      };
    },
  },
  {
    name: "200 clients that leave a handler which goes on, with a limit of 1",
    must: "never 2 at once",
    run: ({ port, counted }) =>
      together(
        200,
        () => new Client(port),
        async (clients) => {
          for (const client of clients) {
            client.send(head("GET", "/deaf"));
            await sleep(3);
            client.socket.destroy();
          }
          const { most, ran } = await counted();
          return { what: `${most.deaf} at once, ${ran.deaf} begun`, holds: most.deaf === 1 };
        },
      ),
  },
];

/** Whether nothing of an attack is left on the server. */
export async function isAtRest({ counted }: Served): Promise<boolean> {
  const { active, connections } = await counted((seen) => seen.active + seen.connections === 0);
  return active + connections === 0;
}
