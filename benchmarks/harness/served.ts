import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Column, Subject, Variant } from "./question.ts";

/** As many as the clients have connections, so that no request is refused. */
export const connections = 64;
/** As many as the optimizing compiler needs; and a fixed number in each round, also on a busy machine. */
const requests = { warm: 20_000, round: 8_000 };

/** The columns of a question about servers. The CPU time is the server's. */
export const perRequest: readonly Column[] = [
  { figure: "cpu", label: "CPU µs/request", digits: 1 },
  { figure: "rps", label: "requests/s" },
];

/**
 * A server, and clients in another process that send the next request as soon as they are answered.
 *
 * @param make the server, or a handler for one of node:http
 * @param status the status of all answers, after the warm-up
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
    // The server is idle while other variants run, and must keep its clients' connections.
    server.keepAliveTimeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const clients = fork(join(import.meta.dirname, "http-load.ts"), [String(port)], { execArgv: [] });
    await once(clients, "message");
    const ask = async (count: number): Promise<readonly number[]> => {
      clients.send(count);
      const [statuses] = (await once(clients, "message")) as [readonly number[]];
      return statuses;
    };
    const round = async () => {
      const count = requests.round;
      const cpu = process.cpuUsage();
      const began = performance.now();
      const statuses = await ask(count);
      const seconds = (performance.now() - began) / 1_000;
      const { user, system } = process.cpuUsage(cpu);
      if (statuses.length !== 1 || statuses[0] !== status) {
        throw new Error(`All must be answered with ${status}; some were answered with ${statuses.join(", ")}.`);
      }
      return { rps: count / seconds, cpu: (user + system) / count };
    };
    await ask(requests.warm);
    return { round };
  };
  return { name, by, prepare };
}
