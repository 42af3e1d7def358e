import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Subject, Variant } from "./question.ts";

/** All connections of the clients at once, so that nobody is refused. */
export const connections = 64;
const ms = 400;

/** A server of node:http, and clients in another process that ask again as soon as they are answered. All answers are equally long. */
export function served(
  name: string,
  by: Variant["by"],
  make: () => RequestListener | Promise<RequestListener>,
): Variant {
  const prepare = async (): Promise<Subject> => {
    const server = createServer(await make());
    // It stands idle while others have their turn, and its clients must still be there afterwards.
    server.keepAliveTimeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const clients = fork(join(import.meta.dirname, "http-load.ts"), [String(port)], { execArgv: [] });
    await once(clients, "message");
    const round = async () => {
      const cpu = process.cpuUsage();
      clients.send(ms);
      const [answered] = (await once(clients, "message")) as [number];
      const { user, system } = process.cpuUsage(cpu);
      return { rps: (answered * 1_000) / ms, cpu: (user + system) / answered };
    };
    await round();
    await round();
    return { round };
  };
  return { name, by, prepare };
}
