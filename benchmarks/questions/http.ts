import { trace } from "@sluice/trace";
import { boxed, routingTable } from "@sluice/util-box";
import type { Call } from "../harness/calls.ts";
import type { Question, Variant } from "../harness/question.ts";
import { connections, served } from "../harness/served.ts";
import * as peers from "../peers/peers.ts";
import { fusedStack, layered } from "../references/stack.ts";

const max = connections;

const body = JSON.stringify({ id: 1, name: "an item", tags: ["one", "of", "three"] });
const work = async (): Promise<string> => body;

/** A server that answers with the result of `call`. */
function answering(name: string, by: Variant["by"], make: () => Call | Promise<Call>): Variant {
  return served(name, by, async () => {
    const call = await make();
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    return (_request, response) => {
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
    };
  });
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
        answering("bare", "bare", () => work),
        answering("fused by hand", "hand", () => fusedStack(work, { max })),
        answering("5 layers", "sluice", five),
        answering("gateway: table, trace, 5 layers", "sluice", gateway),
        answering("opossum", "peer", () => peers.opossum(work, { capacity: max })),
        answering("mollitia", "peer", () => peers.mollitia(work)),
        answering("cockatiel", "peer", () => peers.cockatiel(work, undefined, { max })),
        answering("Effect", "peer", () => peers.effect(work, undefined, { max })),
        answering("p-limit, p-retry, p-timeout", "peer", () => peers.pAll(work, { max })),
      ],
      goals: [
        { of: "5 layers", figure: "rps", to: "bare", least: 0.97 },
        { of: "5 layers", figure: "cpu", to: "bare", most: 1.08 },
      ],
      rounds: 7,
    },
  ],
};
