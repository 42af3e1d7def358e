import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Connections } from "../src/gateway/connections.ts";

let server: Server;
let port: number;
/** What has come and is not answered. */
let open: ServerResponse[];
let arrived: () => void;

beforeEach(async () => {
  open = [];
  arrived = () => {};
  server = createServer((_request, response) => {
    open.push(response);
    arrived();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Kept when so many have come that are not answered. */
function arrivals(count: number): Promise<void> {
  return new Promise((resolve) => {
    arrived = () => {
      if (open.length >= count) resolve();
    };
    arrived();
  });
}

const question = () => ({ port, method: "GET", path: "/", headers: {} });

describe("connections", () => {
  test("beyond the bound wait in turn", async () => {
    const connections = new Connections(1);
    const first = connections.ask(question(), undefined);
    const second = connections.ask(question(), undefined);
    await arrivals(1);
    expect(connections).toMatchObject({ active: 1, waiting: 1 });
    expect(connections.at(port)).toEqual({ active: 1, waiting: 1 });
    open.pop()!.end("one");
    expect(await first).toEqual({ status: 200, body: "one" });
    await arrivals(1);
    open.pop()!.end("two");
    expect((await second).body).toBe("two");
    expect(connections).toMatchObject({ active: 0, waiting: 0 });
    connections.close();
  });

  test("are not taken by those who gave up while they waited", async () => {
    const connections = new Connections(1);
    const first = connections.ask(question(), undefined);
    const controller = new AbortController();
    const second = connections.ask(question(), controller.signal);
    controller.abort("gone");
    await expect(second).rejects.toBe("gone");
    expect(connections.waiting).toBe(0);
    await arrivals(1);
    open.pop()!.end();
    await first;
    connections.close();
  });

  test("are free again when the exchange is given up", async () => {
    const connections = new Connections(1);
    const controller = new AbortController();
    const asked = connections.ask(question(), controller.signal);
    await arrivals(1);
    controller.abort("gone");
    await expect(asked).rejects.toBe("gone");
    expect(connections.active).toBe(0);
    connections.close();
  });

  test("are not asked for with a signal that is aborted already", async () => {
    const connections = new Connections(1);
    await expect(connections.ask(question(), AbortSignal.abort("gone"))).rejects.toBe("gone");
    expect(connections.at(port)).toEqual({ active: 0, waiting: 0 });
  });
});
