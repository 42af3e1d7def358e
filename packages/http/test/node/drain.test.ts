import { createServer, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { drain, guard, harden } from "../../src/node/index.ts";
import { eventually, listen, wire } from "../helper/loopback.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

/** A server that keeps the responses for the test to end. */
function holding(withHarden = true) {
  const open = new Map<string | undefined, ServerResponse>();
  const server = createServer((request, response) => void open.set(request.url, response));
  if (withHarden) harden(server);
  return { server, open };
}

describe("promise 14: after drain", () => {
  test("what is in flight is answered, with connection: close where the head is not out", async () => {
    const { server, open } = holding();
    await using at = await listen(server);
    using whole = await wire(at.port);
    using half = await wire(at.port);
    whole.send(get("/whole"));
    half.send(get("/half"));
    await eventually(() => open.size === 2);
    open.get("/half")?.write("first");
    await half.until("first");
    const drained = drain(server);
    open.get("/whole")?.end("done");
    open.get("/half")?.end("second");
    const [heard, rest] = [await whole.closed(), await half.closed()];
    expect(heard).toMatch(/connection: close[^]*done/i);
    expect(rest).toContain("second");
    expect(await drained).toEqual({ forced: false });
  });

  test("idle connections go at once, and so do those on which nothing has come; nobody new is let in", async () => {
    const { server, open } = holding();
    await using at = await listen(server);
    using idle = await wire(at.port);
    using silent = await wire(at.port);
    using busy = await wire(at.port);
    idle.send(get("/idle"));
    await eventually(() => open.has("/idle"));
    open.get("/idle")?.end("done");
    await idle.until("done");
    busy.send(get("/busy"));
    await eventually(() => open.has("/busy"));
    open.get("/busy")?.write("first");
    const drained = drain(server);
    await Promise.all([idle.closed(), silent.closed()]);
    await expect(wire(at.port)).rejects.toThrow("ECONNREFUSED");
    // One that was quick enough to ask again on a connection that is still open.
    let asked = false;
    server.prependListener("request", () => (asked = true));
    busy.send(get("/again"));
    await eventually(() => asked);
    open.get("/busy")?.end();
    expect(await busy.closed()).toMatch(/200 OK[^]*503 Service Unavailable[^]*connection: close/i);
    expect(open.has("/again")).toBe(false);
    expect(await drained).toEqual({ forced: false });
  });

  test("it is over after within, and says that it had to be forced", async () => {
    const clock = new VirtualClock();
    const { server, open } = holding();
    await using at = await listen(server);
    using stuck = await wire(at.port);
    stuck.send(get("/stuck"));
    await eventually(() => open.size === 1);
    const drained = drain(server, { within: 5_000, clock });
    // A second call is the same.
    expect(drain(server, { within: 1, clock })).toBe(drained);
    await clock.advance(4_999);
    expect(stuck.socket.closed).toBe(false);
    await clock.advance(1);
    expect(await drained).toEqual({ forced: true });
    await stuck.closed();
    expect(clock.pending).toBe(0);
  });

  test("with linger it goes on accepting for so long, and each answer closes its connection", async () => {
    const clock = new VirtualClock();
    const server = createServer((_request, response) => response.end("served"));
    harden(server);
    await using at = await listen(server);
    const drained = drain(server, { linger: 2_000, clock });
    using late = await wire(at.port);
    late.send(get("/"));
    expect(await late.closed()).toMatch(/connection: close[^]*served/i);
    await clock.advance(2_000);
    expect(await drained).toEqual({ forced: false });
    await expect(wire(at.port)).rejects.toThrow("ECONNREFUSED");
  });

  test("of a server that was not hardened, what is in flight goes when it is idle", async () => {
    const clock = new VirtualClock();
    const { server, open } = holding(false);
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(get("/"));
    await eventually(() => open.size === 1);
    const drained = drain(server, { clock });
    open.get("/")?.end("done");
    await client.until("done");
    await eventually(() => open.get("/")?.closed === true);
    await clock.advance(100);
    await client.closed();
    expect(await drained).toEqual({ forced: false });
  });

  test("of pipelined requests all are answered, and the last says close", async () => {
    const { server, open } = holding();
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(get("/1") + get("/2") + get("/3"));
    await eventually(() => open.size === 3);
    const drained = drain(server);
    for (const [path, response] of open) response.end(path);
    const heard = await client.closed();
    expect(heard.match(/200 OK/g)).toHaveLength(3);
    expect(heard.match(/connection: close/gi)).toHaveLength(1);
    expect(await drained).toEqual({ forced: false });
  });

  test("an upload whose head comes late is refused, and its client hears so", async () => {
    const { server } = holding(false);
    const clock = new VirtualClock();
    const counters = harden(server, { lingerTimeout: 100, clock });
    const sockets: Socket[] = [];
    server.on("connection", (socket) => sockets.push(socket));
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\n");
    await eventually(() => (sockets[0]?.bytesRead ?? 0) > 0);
    const drained = drain(server);
    // It reads its answer only when the server has sent that, and closed its side.
    client.socket.pause();
    client.send("content-length: 400000000\r\n\r\n");
    const chunk = Buffer.alloc(65_536, "a");
    const more = (): void => {
      while (!client.socket.destroyed && client.socket.write(chunk)) {
        // Until the operating system takes no more.
      }
    };
    client.socket.on("drain", more);
    more();
    await eventually(() => sockets[0]?.writableFinished === true);
    expect(counters.lingering).toBe(1);
    client.socket.resume();
    expect(await client.until("Service Unavailable")).toMatch(/^HTTP\/1\.1 503/);
    await clock.advance(100);
    expect(await drained).toEqual({ forced: false });
  });

  test("the limits of a guard are at rest", async () => {
    const limit = concurrencyLimit(2);
    const reports = guard(new ServiceBuilder().layer(limit));
    const open: ServerResponse[] = [];
    const server = createServer(reports.handle((_request, response) => void open.push(response)));
    harden(server);
    await using at = await listen(server);
    const answer = fetch(at.url);
    await eventually(() => open.length === 1);
    const drained = drain(server);
    open[0]?.end("done");
    expect(await (await answer).text()).toBe("done");
    await drained;
    expect(limit.active).toBe(0);
  });
});

test("what it is given is checked at once", () => {
  expect(() => drain(5 as never)).toThrow("drain: server must be a server (with close, prependListener); received 5");
  expect(() => drain(createServer(), { within: -1 })).toThrow("drain: within must be a number of 0 or more");
});
