import { createServer } from "node:net";
import { type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { describe, expect, test } from "vitest";
import {
  failOnStatus,
  fetchService,
  httpClient,
  type HttpRequest,
  isNetworkError,
  isStatusError,
  rateLimitFields,
  type StatusError,
  toFetchHandler,
  untilBodyEnds,
} from "../../src/index.ts";
import { undiciService } from "../../src/undici/index.ts";
import { eventually, listen } from "../helper/loopback.ts";
import { failureOf } from "@sluice/test-kit";

/** A server by hand, for what no library would answer: each request hears the same, and then the connection ends. */
async function upstream(...lines: readonly string[]) {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      asked++;
      socket.end(lines.join("\r\n"), "latin1");
    });
  });
  const at = await listen(server);
  return {
    origin: at.url,
    get asked() {
      return asked;
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

/** A client of one exchange at a time, which lasts until the body has ended. */
interface Client extends AsyncDisposable {
  readonly service: Service<HttpRequest, Response>;
  /** Exchanges that have not ended. */
  active(): number;
}

const clients: readonly (readonly [name: string, make: (origin: string) => Client])[] = [
  [
    "fetchService",
    () => {
      const limit = concurrencyLimit(1);
      return {
        service: new ServiceBuilder().layer(limit).layer(untilBodyEnds<HttpRequest>()).service(fetchService()),
        active: () => limit.active,
        [Symbol.asyncDispose]: async () => {},
      };
    },
  ],
  [
    "undiciService",
    (origin) => {
      const users = undiciService({ origin, connections: 1 });
      return {
        service: users.service,
        active: () => users.active,
        [Symbol.asyncDispose]: () => users.pool.destroy(),
      };
    },
  ],
];

const ok = "HTTP/1.1 200 OK";
const chunked = "transfer-encoding: chunked";

/** Answers that are unusual and right, and the body that is read. */
const right: readonly (readonly [what: string, lines: readonly string[], status: number, body: string])[] = [
  ["HTTP/1.0", ["HTTP/1.0 200 OK", "content-length: 5", "", "hello"], 200, "hello"],
  ["a body that lasts as long as the connection", ["HTTP/1.0 200 OK", "", "hello"], 200, "hello"],
  ["trailers", [ok, chunked, "trailer: x-sum", "", "5", "hello", "0", "x-sum: 7", "", ""], 200, "hello"],
  [
    "an interim answer",
    ["HTTP/1.1 103 Early Hints", "link: </a>", "", ok, "content-length: 5", "", "hello"],
    200,
    "hello",
  ],
  ["a body that is longer than it says", [ok, "content-length: 3", "", "hello"], 200, "hel"],
  [
    "another answer behind it, unasked",
    [ok, "content-length: 5", "", `hello${ok}`, "content-length: 5", "", "world"],
    200,
    "hello",
  ],
  ["a body where there is none", ["HTTP/1.1 204 No Content", "content-length: 5", "", "hello"], 204, ""],
  ["a status that is none of HTTP's", ["HTTP/1.1 999 Request denied", "content-length: 5", "", "hello"], 999, "hello"],
];

/** Answers that are wrong from their heads on: there is no response. */
const wrongHeads: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ["none at all", []],
  ["half a head", [ok, "x-a"]],
  ["what is no HTTP", ["HELLO", "", ""]],
  ["a status of two digits", ["HTTP/1.1 99 OK", "", ""]],
  ["another protocol, unasked", ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: x", "", ""]],
  ["an invitation, unasked", ["HTTP/1.1 100 Continue", "", ok, "content-length: 5", "", "hello"]],
  ["a header with a line break, folded", [ok, "x-a: 1", " b", "content-length: 5", "", "hello"]],
  ["a header with a line break, of CR alone", [ok, "x-a: 1\rx-b: 2", "content-length: 5", "", "hello"]],
  ["a header with a NUL", [ok, "x-a: 1\0b", "content-length: 5", "", "hello"]],
  ["two lengths", [ok, "content-length: 3", "content-length: 5", "", "hello"]],
  ["a length and chunks", [ok, "content-length: 5", chunked, "", "5", "hello", "0", "", ""]],
  ["a length below 0", [ok, "content-length: -3", "", "hello"]],
  ["a length that is no number", [ok, "content-length: 0x3", "", "hello"]],
];

/** Answers whose bodies are wrong: there is a response, and reading it fails. */
const wrongBodies: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ["a body that is shorter than it says", [ok, "content-length: 50", "", "hello"]],
  ["a chunk without a size", [ok, chunked, "", "zz", "hello", "0", "", ""]],
  ["chunks without an end", [ok, chunked, "", "5", "hello", ""]],
  ["a trailer that is no header", [ok, chunked, "", "5", "hello", "0", "x y: 7", "", ""]],
];

describe.each(clients)("%s", (_name, make) => {
  test.each(right)("reads an answer with %s, and its permit is back", async (_what, lines, status, body) => {
    await using server = await upstream(...lines);
    await using client = make(server.origin);
    const response = await client.service.call({ url: server.origin });
    expect([response.status, response.ok, await response.text()]).toEqual([status, status < 300, body]);
    await eventually(() => client.active() === 0);
  });

  test.each(wrongHeads)("fails where the answer is %s, and its permit is back", async (_what, lines) => {
    await using server = await upstream(...lines);
    await using client = make(server.origin);
    expect(isNetworkError(await failureOf(client.service.call({ url: server.origin })))).toBe(true);
    await eventually(() => client.active() === 0);
  });

  test.each(wrongBodies)("tells the reader of %s, and its permit is back", async (_what, lines) => {
    await using server = await upstream(...lines);
    await using client = make(server.origin);
    const response = await client.service.call({ url: server.origin });
    expect(await failureOf(response.text())).toBeInstanceOf(TypeError);
    await eventually(() => client.active() === 0);
  });

  test.each(["x-a", "x-timeout-ms"])("does not send a %s with a line break, and its permit is back", async (header) => {
    await using server = await upstream(ok, "content-length: 0", "", "");
    await using client = make(server.origin);
    const call = client.service.call({ url: server.origin, headers: { [header]: "a\r\nx-injected: 1" } });
    expect(await failureOf(call)).toBeInstanceOf(TypeError);
    await eventually(() => client.active() === 0);
    expect(server.asked).toBe(0);
  });

  test("an answer to HEAD has no body, whatever its length says, and its permit is back", async () => {
    await using server = await upstream(ok, "content-length: 50", "", "");
    await using client = make(server.origin);
    const response = await client.service.call({ url: server.origin, method: "HEAD" });
    expect([response.headers.get("content-length"), await response.text()]).toEqual(["50", ""]);
    await eventually(() => client.active() === 0);
  });

  // The example of RFC 9110, section 5.6.7, in its three forms; each a minute later than the date of the response.
  test.each([
    ["7", 7_000],
    ["Sun, 06 Nov 1994 08:50:37 GMT", 60_000],
    ["Sunday, 06-Nov-94 08:50:37 GMT", 60_000],
    ["Sun Nov  6 08:50:37 1994", 60_000],
    ["soon", undefined],
    ["-7", undefined],
    ["7, 8", undefined],
    ["7\r\nretry-after: 8", undefined],
    ["Sun, 31 Nov 1994 08:50:37 GMT", undefined],
    ["1994-11-06T08:50:37Z", undefined],
    ["", undefined],
  ])("a refusal that says retry-after: %j is one of %j ms, and its permit is back", async (value, ms) => {
    const date = "date: Sun, 06 Nov 1994 08:49:37 GMT";
    await using server = await upstream(
      "HTTP/1.1 503 Service Unavailable",
      `retry-after: ${value}`,
      date,
      "content-length: 2",
      "",
      "no",
    );
    await using client = make(server.origin);
    const failing = new ServiceBuilder().layer(failOnStatus()).service(client.service);
    const error = await failureOf(failing.call({ url: server.origin }));
    expect(isStatusError(error)).toBe(true);
    expect([(error as StatusError).retryAfter, (error as StatusError).body]).toEqual([ms, "no"]);
    await eventually(() => client.active() === 0);
  });
});

describe("a status that is none of HTTP's (seen: the answer of a large site to clients that it does not like is 999)", () => {
  const denied = ["HTTP/1.1 999 Request denied", "content-length: 5", "", "hello"];

  test("is that of a failure, and of the response that is made of it", async () => {
    await using server = await upstream(...denied);
    const service = new ServiceBuilder().layer(failOnStatus(({ ok: well }) => !well)).service(fetchService());
    const error = await failureOf<StatusError>(service.call({ url: server.origin }));
    const response = error.toResponse();
    expect([error.status, response.status, response.ok, await response.text()]).toEqual([999, 999, false, "hello"]);
  });

  test("passes an edge, with the fields of a rate, and as an answer to HEAD", async () => {
    await using server = await upstream(...denied);
    const proxy = toFetchHandler(
      new ServiceBuilder()
        .layer(rateLimitFields<Request>({ rate: { available: 5, limit: 10, interval: 1_000 } }))
        .serviceFn(() => fetch(server.origin)),
    );
    const response = await proxy(new Request("http://edge/"));
    expect([response.status, response.headers.get("ratelimit"), await response.text()]).toEqual([
      999,
      '"default";r=5',
      "hello",
    ]);
    const head = await proxy(new Request("http://edge/", { method: "HEAD" }));
    expect([head.status, head.body]).toEqual([999, null]);
  });
});

describe("a phrase of the status that is not ASCII (seen: servers that send it in the language of their country)", () => {
  const localised = ["HTTP/1.1 500 D\xe9faut interne", "content-length: 5", "", "hello"];

  test("is a question mark in the response that fetch of a client makes of a failure", async () => {
    await using server = await upstream(...localised);
    const response = await httpClient().fetch(server.origin);
    expect([response.status, response.statusText, await response.text()]).toEqual([500, "D?faut interne", "hello"]);
  });

  test("passes an edge, with the fields of a rate, where its body is followed, and as an answer to HEAD", async () => {
    await using server = await upstream(...localised);
    const limit = concurrencyLimit(1);
    const proxy = toFetchHandler(
      new ServiceBuilder()
        .layer(rateLimitFields<Request>({ rate: { available: 5, limit: 10, interval: 1_000 } }))
        .layer(limit)
        .layer(untilBodyEnds())
        .serviceFn(() => fetch(server.origin)),
    );
    const response = await proxy(new Request("http://edge/"));
    expect([response.status, response.headers.get("ratelimit"), await response.text()]).toEqual([
      500,
      '"default";r=5',
      "hello",
    ]);
    await eventually(() => limit.active === 0);
    const head = await proxy(new Request("http://edge/", { method: "HEAD" }));
    expect([head.status, head.body]).toEqual([500, null]);
    await eventually(() => limit.active === 0);
  });
});
