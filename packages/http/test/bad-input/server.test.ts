import { createServer, type ServerResponse } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { describe, expect, test } from "vitest";
import { guard, harden, serverOptions } from "../../src/node/index.ts";
import { edge, edgeNames } from "../helper/edges.ts";
import { eventually, listen, wire } from "../helper/loopback.ts";

/** The head of a request, whose connection ends with its answer. */
const head = (method: string, target: string, ...headers: readonly string[]): string =>
  [`${method} ${target} HTTP/1.1`, "host: a", "connection: close", ...headers, "", ""].join("\r\n");
const chunked = "transfer-encoding: chunked";

/** The status lines of all answers but the interim ones. */
const statusesOf = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status)).filter((status) => status >= 200);

/** Requests that are unusual and right: what they are answered with, and how many bytes of body the handler reads. */
const right: readonly (readonly [what: string, request: string, answer: string, bytes: number])[] = [
  ["HTTP/1.0", "GET /a HTTP/1.0\r\nhost: a\r\n\r\n", "GET /a 0", 0],
  ["HTTP/1.0 with a body", "POST /a HTTP/1.0\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello", "POST /a 5", 5],
  [
    "an expectation in HTTP/1.0, which has none",
    "POST /a HTTP/1.0\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello",
    "POST /a 5",
    5,
  ],
  ["an absolute-form address", head("GET", "http://other:8080/abs?q=1"), "GET /abs 0", 0],
  ["an absolute-form address of https", head("GET", "https://other/abs"), "GET /abs 0", 0],
  ["HEAD", head("HEAD", "/a"), "", 0],
  ["a body in chunks", `${head("POST", "/a", chunked)}3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n`, "POST /a 5", 5],
  ["trailers", `${head("POST", "/a", chunked, "trailer: x-sum")}5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n`, "POST /a 5", 5],
  [
    "a trailer that would have shortened the time, had it been a header",
    `${head("POST", "/a", chunked)}5\r\nhello\r\n0\r\nx-timeout-ms: 0\r\n\r\n`,
    "POST /a 5",
    5,
  ],
  [
    "the client's time twice, which is malformed",
    head("GET", "/a", "x-timeout-ms: 0", "x-timeout-ms: 5"),
    "GET /a 0",
    0,
  ],
  ["a client's time that is none", head("GET", "/a", "x-timeout-ms: soon"), "GET /a 0", 0],
];

/** Heads that are wrong: 400, and nobody sees the request. */
const wrongHeads: readonly (readonly [what: string, request: string])[] = [
  ["no host", "GET /a HTTP/1.1\r\nconnection: close\r\n\r\n"],
  ["no such method", head("BANANA", "/a")],
  ["an address that is none", head("GET", "a:80")],
  ["a header with a line break, folded", head("GET", "/a", "x-a: 1\r\n  b")],
  ["a header with a line break, of CR alone", head("GET", "/a", "x-a: 1\rx-b: 2")],
  ["a header with a NUL", head("GET", "/a", "x-a: 1\0b")],
  ["a space before the colon", head("GET", "/a", "x-a : 1")],
  ["a time that is folded", head("GET", "/a", "x-timeout-ms: 5\r\n 000")],
  ["lines that end with LF alone", "GET /a HTTP/1.1\nhost: a\n\n"],
  ["a length and chunks", `${head("POST", "/a", "content-length: 5", chunked)}5\r\nhello\r\n0\r\n\r\n`],
  ["two lengths", `${head("POST", "/a", "content-length: 5", "content-length: 6")}hello`],
  ["a length below 0", `${head("POST", "/a", "content-length: -5")}hello`],
  ["a length that is no number", `${head("POST", "/a", "content-length: 0x5")}hello`],
  ["a length above any number", `${head("POST", "/a", "content-length: 99999999999999999999999")}hello`],
];

/** Bodies that are wrong: the handler's reading fails, the client hears 400, and no more. */
const wrongBodies: readonly (readonly [what: string, request: string])[] = [
  ["a chunk without a size", `${head("POST", "/a", chunked)}zz\r\nhello\r\n0\r\n\r\n`],
  ["a chunk that is longer than it says", `${head("POST", "/a", chunked)}5\r\nhello world\r\n0\r\n\r\n`],
  ["a chunk above any size", `${head("POST", "/a", chunked)}ffffffffffffffffff\r\nhello\r\n0\r\n\r\n`],
  ["an encoding that nobody knows", `${head("POST", "/a", "transfer-encoding: banana")}hello`],
  ["a trailer that is no header", `${head("POST", "/a", chunked)}5\r\nhello\r\n0\r\nx y: 7\r\n\r\n`],
  ["a length among the trailers", `${head("POST", "/a", chunked)}5\r\nhello\r\n0\r\ncontent-length: 7\r\n\r\n`],
];

/** Whether the server still serves, with its only permit. */
async function serves(port: number): Promise<boolean> {
  return (await (await fetch(`http://127.0.0.1:${port}/next`)).text()) === "GET /next 0";
}

describe.each(edgeNames)("in front of %s", (name) => {
  test.each(right)("a right answer to %s, and the permit is back", async (_what, request, answer, bytes) => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send(request);
    const received = await client.closed();
    expect(statusesOf(received)).toEqual([200]);
    expect(received.slice(received.indexOf("\r\n\r\n"))).toContain(answer);
    expect(server.handled.map((each) => each.bytes)).toEqual([bytes]);
    await eventually(() => server.limit.active === 0);
    expect(await serves(server.port)).toBe(true);
  });

  test("an answer to HEAD has no body, a refusal neither", async () => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send(head("HEAD", "/a"));
    expect(await client.closed()).toMatch(/\r\n\r\n$/);
    await eventually(() => server.limit.active === 0);
    await using full = await edge(name, concurrencyLimit(0));
    using refused = await wire(full.port);
    refused.send(head("HEAD", "/a"));
    const received = await refused.closed();
    expect(statusesOf(received)).toEqual([503]);
    expect(received).toMatch(/retry-after: \d/i);
    expect(received).toMatch(/\r\n\r\n$/);
    expect(full.handled).toEqual([]);
  });

  test.each(wrongHeads)("400 to %s, which reaches nobody", async (_what, request) => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send(request);
    expect(statusesOf(await client.closed())).toEqual([400]);
    expect([server.handled, server.limit.active]).toEqual([[], 0]);
    expect(await serves(server.port)).toBe(true);
  });

  test.each(wrongBodies)("400 to %s, and the permit is back", async (_what, request) => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send(request);
    expect(statusesOf(await client.closed())).toEqual([400]);
    await eventually(() => server.limit.active === 0);
    expect(server.handled.map(({ bytes }) => bytes)).toEqual([undefined]);
    expect(await serves(server.port)).toBe(true);
  });

  test("a body that is longer than it says is no part of the request", async () => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nhello");
    // What is left over is a bad request of its own. It may come before the answer to the first one, and ends the connection.
    const statuses = statusesOf(await client.closed());
    expect(statuses.at(-1)).toBe(400);
    await eventually(() => server.limit.active === 0);
    expect(server.handled.map(({ bytes }) => bytes)).not.toContain(5);
    expect(await serves(server.port)).toBe(true);
  });

  test.each(["leaves", "says that it has no more"])(
    "a body that is shorter, whose client %s: the permit is back",
    async (how) => {
      await using server = await edge(name);
      using client = await wire(server.port, true);
      client.send(`${head("POST", "/a", "content-length: 30")}hello`);
      await eventually(() => server.handled.length === 1);
      if (how === "leaves") client.socket.destroy();
      else client.socket.end();
      await client.closed();
      await eventually(() => server.limit.active === 0);
      expect(statusesOf(client.received)).toEqual(how === "leaves" ? [] : [400]);
      expect(server.handled.map(({ bytes }) => bytes)).toEqual([undefined]);
      expect(await serves(server.port)).toBe(true);
    },
  );

  test("417 to an expectation that nobody knows, with or without a body, and it reaches nobody", async () => {
    await using server = await edge(name);
    for (const request of [
      head("GET", "/a", "expect: banana"),
      `${head("POST", "/a", "expect: banana", "content-length: 5")}hello`,
      head("POST", "/a", "expect: banana", "content-length: 400000000"),
    ]) {
      using client = await wire(server.port);
      client.send(request);
      const received = await client.closed();
      expect(statusesOf(received)).toEqual([417]);
      expect(received).toContain("application/problem+json");
      expect(received).not.toContain("100 Continue");
    }
    expect([server.handled, server.limit.active]).toEqual([[], 0]);
    expect(await serves(server.port)).toBe(true);
  });

  test("a handler's header with a line break is 500, and no other header", async () => {
    await using server = await edge(name);
    using client = await wire(server.port);
    client.send(head("GET", "/broken"));
    const received = await client.closed();
    expect(statusesOf(received)).toEqual([500]);
    expect(received.slice(0, received.indexOf("\r\n\r\n"))).not.toContain("x-injected");
    await eventually(() => server.limit.active === 0);
    expect(await serves(server.port)).toBe(true);
  });
});

test("an upload with an expectation that nobody knows is not read on (seen: 400 MB of it were)", async () => {
  const { server, counters } = hardened(() => {});
  let read = 0;
  server.on("connection", (socket) => socket.once("close", () => (read = socket.bytesRead)));
  await using at = await listen(server);
  using client = await wire(at.port);
  client.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: banana\r\ncontent-length: 400000000\r\n\r\n");
  for (let n = 0; n < 500; n++) client.socket.write(Buffer.alloc(65_536));
  expect(statusesOf(await client.closed())).toEqual([417]);
  await eventually(() => counters.connections === 0);
  expect(read).toBeLessThan(1_000_000);
  expect(counters.lingering).toBe(0);
});

test("an expectation is left to a listener that the server has", async () => {
  const server = createServer();
  server.on("checkExpectation", (_request, response: ServerResponse) => response.writeHead(202).end());
  harden(server);
  await using at = await listen(server);
  using client = await wire(at.port);
  client.send(head("GET", "/", "expect: banana"));
  expect(statusesOf(await client.closed())).toEqual([202]);
});

test.each([
  ["shorter", "5", "hello world"],
  ["longer", "50", "hello"],
])("a handler that says a length that is %s than its body: the permit is back", async (_how, length, body) => {
  const { server, limit } = hardened((response) => response.writeHead(200, { "content-length": length }).end(body));
  await using at = await listen(server);
  using client = await wire(at.port);
  client.send(head("GET", "/"));
  await client.closed();
  expect(statusesOf(client.received)).toEqual([200]);
  await eventually(() => limit.active === 0);
});

function hardened(handler: (response: ServerResponse) => unknown) {
  const limit = concurrencyLimit(1);
  const reports = guard(new ServiceBuilder().layer(limit));
  const server = createServer(
    serverOptions(),
    reports.handle((_request, response) => void handler(response)),
  );
  return { server, limit, counters: harden(server, { lingerTimeout: 100 }) };
}
