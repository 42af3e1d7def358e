import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { trace } from "@sluice/trace";
import { boxed, routingTable } from "@sluice/util-box";
import type { Call } from "../harness/calls.ts";
import type { Question, Subject, Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { fusedStack, layered } from "../references/stack.ts";

/** All connections of the clients at once, so that nobody is refused. */
const max = 64;
const ms = 400;

const body = JSON.stringify({ id: 1, name: "an item", tags: ["one", "of", "three"] });
const work = async (): Promise<string> => body;

/** A server of node:http that answers with what `call` answers with. */
function served(name: string, by: Variant["by"], make: () => Call | Promise<Call>): Variant {
  const prepare = async (): Promise<Subject> => {
    const call = await make();
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const server = createServer((_request, response) => {
      void call(1).then(
        (text) => {
          response.writeHead(200, headers);
          response.end(text);
        },
        (error: unknown) => {
          response.writeHead(503);
          response.end(String(error));
        },
      );
    });
    // It stands idle while others have their turn, and its clients must still be there afterwards.
    server.keepAliveTimeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const clients = fork(join(import.meta.dirname, "../harness/http-load.ts"), [String(port)], { execArgv: [] });
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

const five = (): Call => {
  const service = layered(work, { max });
  return (request) => service.call(request);
};

/** As in the demo: a routing table of boxed stacks, a trace outermost, a signal for each request. */
const gateway = (): Call => {
  const routes = new Map(["items", "users", "orders"].map((name) => [name, boxed(layered(work, { max }))]));
  const service = trace().wrap(routingTable({ key: () => "items", routes }));
  return (request) => service.call(request, { signal: new AbortController().signal });
};

export const question: Question = {
  title: "What do the layers cost an HTTP server?",
  about:
    "A server of `node:http` that answers with 50 bytes of JSON, and clients in another process: 32 connections, each asking again as soon as it is answered. It does no other work, so that no server " +
    "could show the layers larger. The CPU time is the server's.",
  groups: [
    {
      title: "32 connections",
      columns: [
        { figure: "rps", label: "requests/s" },
        { figure: "cpu", label: "CPU µs/request", digits: 1 },
      ],
      variants: [
        served("bare", "bare", () => work),
        served("fused by hand", "hand", () => fusedStack(work, { max })),
        served("5 layers", "sluice", five),
        served("gateway: table, trace, 5 layers", "sluice", gateway),
        served("opossum", "peer", () => peers.opossum(work, { capacity: max })),
        served("mollitia", "peer", () => peers.mollitia(work)),
        served("cockatiel", "peer", () => peers.cockatiel(work, undefined, { max })),
        served("Effect", "peer", () => peers.effect(work, undefined, { max })),
        served("p-limit, p-retry, p-timeout", "peer", () => peers.pAll(work, { max })),
      ],
      goals: [
        { of: "5 layers", figure: "rps", to: "bare", least: 0.97 },
        { of: "5 layers", figure: "cpu", to: "bare", most: 1.08 },
      ],
      rounds: 7,
    },
  ],
};
