import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Load } from "./http-load.ts";
import type { Column, Subject, Variant } from "./question.ts";

/** All connections of the clients at once, so that nobody is refused. */
export const connections = 64;
const ms = 400;

/** The columns of a question about servers. The CPU time is the server's. */
export const perRequest: readonly Column[] = [
  { figure: "cpu", label: "CPU µs/request", digits: 1 },
  { figure: "rps", label: "requests/s" },
];

/**
 * A server, and clients in another process that ask again as soon as they are answered.
 *
 * @param make the server, or a handler for one of node:http
 * @param status what all must be answered with, once it is warm
 */
export function served(
  name: string,
  by: Variant["by"],
  make: () => RequestListener | Server | Promise<RequestListener | Server>,
  status: number = 200,
): Variant {
  const prepare = async (): Promise<Subject> => {
    const made = await make();
    const server = typeof made === "function" ? createServer(made) : made;
    // It stands idle while others have their turn, and its clients must still be there afterwards.
    server.keepAliveTimeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const clients = fork(join(import.meta.dirname, "http-load.ts"), [String(port)], { execArgv: [] });
    await once(clients, "message");
    const ask = async (): Promise<Load> => {
      clients.send(ms);
      const [load] = (await once(clients, "message")) as [Load];
      return load;
    };
    const round = async () => {
      const cpu = process.cpuUsage();
      const { answered, statuses } = await ask();
      const { user, system } = process.cpuUsage(cpu);
      if (statuses.length !== 1 || statuses[0] !== status) {
        throw new Error(`All must be answered with ${status}; some were answered with ${statuses.join(", ")}.`);
      }
      return { rps: (answered * 1_000) / ms, cpu: (user + system) / answered };
    };
    // As many as the optimizing compiler wants to see, which on a busy machine take longer.
    for (let answered = 0, turns = 0; answered < 15_000 && turns < 5; turns++) answered += (await ask()).answered;
    return { round };
  };
  return { name, by, prepare };
}
