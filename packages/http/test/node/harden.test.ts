import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import express from "express";
import { describe, expect, test } from "vitest";
import { guard, harden, type HardenOptions, serverOptions } from "../../src/node/index.ts";
import { eventually, listen, wire } from "../helper/loopback.ts";

const full = () => guard(new ServiceBuilder().layer(concurrencyLimit(0)));
const quick: ServerOptions = serverOptions({
  headersTimeout: 100,
  requestTimeout: 200,
  connectionsCheckingInterval: 20,
});

function hardened(listener: RequestListener, options: HardenOptions = {}, made: ServerOptions = {}) {
  const server = createServer(made, listener);
  return { server, counters: harden(server, options) };
}

/** Sends an upload of any length until the connection ends, and tells what was heard and how much was sent. */
async function pour(port: number, { head = "content-length: 400000000", settle = 400_000_000 } = {}) {
  using client = await wire(port);
  const { socket } = client;
  client.send(`POST / HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n`);
  const chunk = Buffer.alloc(65_536, "a");
  const more = (): void => {
    while (!socket.destroyed && socket.bytesWritten < settle && socket.write(chunk)) {
      // Until the operating system takes no more.
    }
  };
  socket.on("drain", more);
  more();
  const heard = await client.closed();
  return { heard };
}

describe("promise 5: a refused upload is not read on, and its client hears the answer", () => {
  const apps: readonly (readonly [name: string, listener: RequestListener])[] = [
    ["a guard on node:http", full().handle(() => {})],
    ["a guard in Express", express().use(full()) as RequestListener],
    ["a handler of anyone's that answers early", (_request, response) => response.writeHead(503).end("no")],
    [
      "one that says connection: close",
      (_request, response) => response.writeHead(503, { connection: "close" }).end("no"),
    ],
    // Express's own parsers and its final handler read an upload to its end before they answer.
  ];
  test.each(apps)("by %s", async (_name, listener) => {
    const { server, counters } = hardened(listener, { lingerTimeout: 100 });
    let read = 0;
    server.on("connection", (socket) => socket.once("close", () => (read = socket.bytesRead)));
    await using at = await listen(server);
    const { heard } = await pour(at.port, {});
    expect(heard).toMatch(/^HTTP\/1\.1 503/);
    await eventually(() => counters.connections === 0);
    expect(read).toBeLessThan(1_000_000);
    expect(counters.lingering).toBe(0);
  });

  test("a client that goes on sending is cut after lingerTimeout; one that closes goes at once", async () => {
    const clock = new VirtualClock();
    const { server, counters } = hardened(
      full().handle(() => {}),
      { lingerTimeout: 10_000, clock },
    );
    await using at = await listen(server);
    using client = await wire(at.port, true);
    client.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 400000000\r\n\r\n${"a".repeat(100_000)}`);
    await client.until("503");
    expect(client.received).toContain("connection: close");
    await eventually(() => counters.lingering === 1);
    client.socket.end();
    await eventually(() => counters.connections === 0);
    expect(counters.lingering).toBe(0);

    using stubborn = await wire(at.port, true);
    stubborn.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 400000000\r\n\r\n`);
    await stubborn.until("503");
    await eventually(() => counters.lingering === 1);
    await clock.advance(10_000);
    await eventually(() => counters.connections === 0);
    expect([counters.lingering, clock.pending]).toEqual([0, 1]);
  });

  test("a small upload ends, and its connection is used again", async () => {
    const { server, counters } = hardened((_request, response) => response.writeHead(401).end("no"));
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(`POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n${"a".repeat(500)}`);
    await client.until("401");
    client.send(`${"a".repeat(500)}GET /2 HTTP/1.1\r\nhost: a\r\n\r\n`);
    await client.until(/401[^]*401/);
    expect([counters.connections, counters.lingering]).toEqual([1, 0]);
  });

  test("so is one of which node had stopped reading before the answer", async () => {
    let answer: () => void = () => {};
    const { server, counters } = hardened(({ url }, response) => {
      if (url === "/2") response.end("again");
      else answer = () => response.writeHead(401).end("no");
    });
    await using at = await listen(server);
    let received: () => number = () => 0;
    server.on("connection", (socket) => (received = () => socket.bytesRead));
    using client = await wire(at.port);
    client.send(`POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 120000\r\n\r\n${"a".repeat(120_000)}`);
    await eventually(() => received() >= 65_536);
    answer();
    client.send("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.until("again");
    expect([counters.connections, counters.lingering]).toEqual([1, 0]);
  });

  test("a handler that has answered and reads on is let alone", async () => {
    let size = 0;
    const { server } = hardened((request, response) => {
      request.on("data", (chunk: Buffer) => (size += chunk.length));
      response.writeHead(202).end("later");
    });
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n");
    await client.until("202");
    client.send("a".repeat(300_000));
    await eventually(() => size === 300_000);
    expect(client.socket.closed).toBe(false);
  });
});

describe("promise 3: Expect: 100-continue", () => {
  const asking = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";

  test("is answered when somebody begins to read", async () => {
    const reports = guard(new ServiceBuilder().layer(concurrencyLimit(1)));
    let read: () => void = () => {};
    const { server } = hardened(
      reports.handle(async (request, response) => {
        await new Promise<void>((resolve) => (read = resolve));
        let body = "";
        for await (const chunk of request) body += String(chunk);
        response.end(body);
      }),
    );
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(asking);
    await eventually(() => String(read) !== "() => {}");
    expect(client.received).toBe("");
    read();
    await client.until("100 Continue");
    client.send("hello");
    await client.until("hello");
  });

  test("while it is full, the final answer comes, and no 100", async () => {
    const { server, counters } = hardened(full().handle(() => {}));
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(asking);
    const heard = await client.closed();
    expect(heard).toMatch(/^HTTP\/1\.1 503/);
    expect(heard).not.toContain("100 Continue");
    await eventually(() => counters.connections === 0);
  });

  test("is left to a listener that the server has", async () => {
    const server = createServer();
    server.on("checkContinue", (_request, response) => response.writeHead(417).end());
    harden(server);
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(asking);
    expect(await client.until("417")).not.toContain("100 Continue");
  });
});

describe("under attack", () => {
  const handled = (server: Server): string => {
    const { port } = server.address() as { port: number };
    return `http://127.0.0.1:${port}`;
  };

  test("slow headers: 408, and others are served meanwhile", async () => {
    const { server, counters } = hardened((_request, response) => response.end("served"), {}, quick);
    await using at = await listen(server);
    const slow = await Promise.all(Array.from({ length: 20 }, () => wire(at.port)));
    for (const client of slow) client.send("GET / HTTP/1.1\r\nhost: ");
    expect(await (await fetch(handled(server))).text()).toBe("served");
    const heard = await Promise.all(slow.map((client) => client.closed()));
    expect(heard.every((each) => each.startsWith("HTTP/1.1 408"))).toBe(true);
    await eventually(() => counters.connections <= 1);
  });

  test("connections that are silent: closed, and others are served meanwhile", async () => {
    const { server, counters } = hardened((_request, response) => response.end("served"), {}, quick);
    await using at = await listen(server);
    const silent = await Promise.all(Array.from({ length: 50 }, () => wire(at.port)));
    expect(await (await fetch(handled(server))).text()).toBe("served");
    await Promise.all(silent.map((client) => client.closed()));
    await eventually(() => counters.connections <= 1);
  });

  test("bodies that never end, on all permits: the permits are back", async () => {
    const limit = concurrencyLimit(5);
    const reports = guard(new ServiceBuilder().layer(limit));
    const { server } = hardened(
      reports.handle(async (request: IncomingMessage, response) => {
        for await (const chunk of request) void chunk;
        response.end("served");
      }),
      {},
      quick,
    );
    await using at = await listen(server);
    const clients = await Promise.all(Array.from({ length: 5 }, () => wire(at.port)));
    for (const client of clients) client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nab");
    await eventually(() => limit.active === 5);
    const heard = await Promise.all(clients.map((client) => client.closed()));
    expect(heard.every((each) => each === "" || each.startsWith("HTTP/1.1 408"))).toBe(true);
    await eventually(() => limit.active === 0);
    expect(await (await fetch(at.url)).text()).toBe("served");
  });

  test("clients that never read, on all permits: they are dropped, and a slow handler is not", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(6);
    const reports = guard(new ServiceBuilder().layer(limit));
    let finish: () => void = () => {};
    const { server, counters } = hardened(
      reports.handle(({ url }, response) => {
        if (url === "/slow") finish = () => response.end("slow");
        else response.end(Buffer.alloc(20_000_000));
      }),
      { sendTimeout: 1_000, clock },
    );
    await using at = await listen(server);
    const slow = fetch(`${at.url}/slow`);
    const clients = await Promise.all(Array.from({ length: 5 }, () => wire(at.port)));
    for (const { socket } of clients) {
      socket.pause();
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    await eventually(() => limit.active === 6);
    // As long as the operating system takes something, it moves.
    while (counters.stalled < 5) {
      await clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => limit.active === 1);
    expect(counters.stalled).toBe(5);
    finish();
    expect(await (await slow).text()).toBe("slow");
  });

  test("one that reads slowly goes on", async () => {
    const clock = new VirtualClock();
    const { server, counters } = hardened((_request, response) => response.end(Buffer.alloc(80_000_000)), {
      sendTimeout: 1_000,
      clock,
    });
    await using at = await listen(server);
    using client = await wire(at.port);
    const { socket } = client;
    socket.pause();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    for (let n = 0; n < 5; n++) {
      const before = socket.bytesRead;
      socket.resume();
      await eventually(() => socket.bytesRead > before + 3_000_000);
      socket.pause();
      for (let m = 0; m < 20; m++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1_000);
    }
    expect([counters.stalled, socket.closed]).toEqual([0, false]);
  });

  test("headers that are too large: 431", async () => {
    const { server } = hardened((_request, response) => response.end(), {}, { ...serverOptions() });
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(`GET / HTTP/1.1\r\nhost: a\r\nx-a: ${"a".repeat(120_000)}\r\n\r\n`);
    expect(await client.closed()).toContain("431");
  });

  test("more than maxConnections are turned away, and the rest is served", async () => {
    const { server, counters } = hardened((_request, response) => response.end("served"), { maxConnections: 2 });
    await using at = await listen(server);
    const inside = [await wire(at.port), await wire(at.port)];
    await eventually(() => counters.connections === 2);
    using outside = await wire(at.port);
    await outside.closed();
    expect(counters.dropped).toBe(1);
    for (const client of inside) client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    for (const client of inside) {
      await client.until("served");
      client.socket.destroy();
    }
    await eventually(() => counters.connections === 0);
    expect(JSON.parse(JSON.stringify(counters))).toEqual({ connections: 0, dropped: 1, stalled: 0, lingering: 0 });
  });
});

describe("options", () => {
  test("of serverOptions: defaults, and what follows from each other", () => {
    expect(serverOptions()).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16_384,
    });
    expect(serverOptions({ requestTimeout: 300 })).toMatchObject({
      headersTimeout: 300,
      connectionsCheckingInterval: 100,
    });
    expect(serverOptions({ headersTimeout: 1e6, requestTimeout: 1e6 }).connectionsCheckingInterval).toBe(30_000);
    expect(() => serverOptions({ headersTimeout: 70_000 })).toThrow(
      "serverOptions: headersTimeout must be a number above 0 and at most 60000; received 70000",
    );
  });

  test.each([{ headersTimeout: 7_777 }, { requestTimeout: 1_234 }, { keepAliveTimeout: 0.5, requestTimeout: 500.5 }])(
    "of serverOptions are whole numbers, for node takes no others: %o",
    (options) => {
      const times = serverOptions(options);
      expect(Object.values(times).every(Number.isInteger)).toBe(true);
      expect(() => createServer(times)).not.toThrow();
    },
  );

  test("of harden, and what it is given, are checked at once", () => {
    const server = createServer();
    expect(() => harden(5 as never)).toThrow(
      "harden: server must be a server (with listen, prependListener); received 5",
    );
    expect(() => harden(server, { lingerTimeout: 10_001 })).toThrow("harden: lingerTimeout must be");
    harden(server);
    expect(() => harden(server)).toThrow("harden: server must be hardened once");
  });
});
