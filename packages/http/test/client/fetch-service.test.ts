import { once } from "node:events";
import { Readable } from "node:stream";
import { ServiceBuilder } from "@sluice/core";
import { describe, expect, test, vi } from "vitest";
import { fetchService, type HttpRequest, isNetworkError, NetworkError } from "../../src/index.ts";
import { collectGarbage, deadOrigin, failureOf, loopback } from "@sluice/test-kit";

/** Answers with what it was asked. */
const echo = () =>
  loopback(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const service = fetchService();
const ask = async (request: HttpRequest): Promise<Asked> => (await service.call(request)).json() as Promise<Asked>;

function streamOf(text: string, cancelled?: (reason: unknown) => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (cancelled === undefined) controller.close();
    },
    ...(cancelled && { cancel: cancelled }),
  });
}

describe("a request as plain data", () => {
  test("goes out with its method, its headers and its body", async () => {
    await using upstream = await echo();
    const asked = await ask({
      url: new URL("/users?page=2", upstream.origin),
      method: "PUT",
      headers: { "x-id": "7" },
      body: "hello",
    });
    expect(asked).toMatchObject({ method: "PUT", url: "/users?page=2", body: "hello" });
    expect(asked.headers["x-id"]).toBe("7");
  });

  test("is a GET unless it says otherwise", async () => {
    await using upstream = await echo();
    expect(await ask({ url: upstream.origin })).toMatchObject({ method: "GET", body: "" });
  });

  test("may be a Request, which keeps all that it says", async () => {
    await using upstream = await echo();
    const request = new Request(upstream.origin, { method: "POST", headers: [["x-id", "8"]], body: "hi" });
    const asked = await ask(request);
    expect(asked).toMatchObject({ method: "POST", body: "hi" });
    expect(asked.headers["x-id"]).toBe("8");
  });

  test("takes what else fetch is told from its init, and that before the service's", async () => {
    await using upstream = await loopback((request, response) => {
      response.writeHead(request.url === "/" ? 302 : 200, { location: "/there" }).end();
    });
    const manual = fetchService({ init: { redirect: "manual" } });
    expect((await manual.call({ url: upstream.origin })).status).toBe(302);
    expect((await manual.call(new Request(upstream.origin))).status).toBe(302);
    expect((await manual.call({ url: upstream.origin, init: { redirect: "follow" } })).status).toBe(200);
  });

  test("any status is a response", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(500).end("no"));
    const response = await service.call({ url: upstream.origin });
    expect([response.status, await response.text()]).toEqual([500, "no"]);
  });

  test("the global fetch is looked up at each call, and another one may be given", async () => {
    const mine = vi.fn<typeof fetch>(async () => new Response("mine"));
    vi.stubGlobal("fetch", mine);
    try {
      expect(await (await service.call({ url: "http://nowhere" })).text()).toBe("mine");
    } finally {
      vi.unstubAllGlobals();
    }
    const other = fetchService({ fetch: async () => new Response("other") });
    expect(await (await other.call({ url: "http://nowhere" })).text()).toBe("other");
    expect(mine).toHaveBeenCalledTimes(1);
  });
});

describe("promise 15: a failure of the connection is a NetworkError", () => {
  test("when it is refused", async () => {
    const error = await failureOf<NetworkError>(service.call({ url: await deadOrigin() }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ name: "NetworkError", code: "ERR_SLUICE_HTTP_NETWORK", causeCode: "ECONNREFUSED" });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ causeCode: "ECONNREFUSED" });
  });

  test("when it is reset before the head of the response", async () => {
    await using upstream = await loopback((request) => request.socket.resetAndDestroy());
    const error = await failureOf<NetworkError>(service.call(new Request(upstream.origin)));
    expect(isNetworkError(error)).toBe(true);
    expect(error.causeCode).toBeTypeOf("string");
  });

  test("when what comes is no HTTP", async () => {
    await using upstream = await loopback((request) => request.socket.end("no HTTP\r\n\r\n"));
    expect(isNetworkError(await failureOf(service.call({ url: upstream.origin })))).toBe(true);
  });

  test("and its cause need not be an error", () => {
    expect(new NetworkError().causeCode).toBeUndefined();
    expect(new NetworkError("gone").causeCode).toBeUndefined();
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    expect(new NetworkError(circle).causeCode).toBeUndefined();
    expect([isNetworkError(new NetworkError()), isNetworkError(new TypeError("fetch failed"))]).toEqual([true, false]);
  });
});

describe("promise 15: an abort rejects with the caller's own reason", () => {
  /** Answers the head, and a body that does not end, on demand. */
  const slow = (head: boolean) =>
    loopback((_request, response) => {
      if (head) response.writeHead(200).write("begun");
    });

  test.each(["of the call", "of the request", "of a Request"])(
    "while there is no response, by the signal %s",
    async (whose) => {
      await using upstream = await slow(false);
      const { signal, abort } = aborting();
      const { url } = { url: upstream.origin };
      const call =
        whose === "of the call"
          ? service.call({ url }, { signal })
          : service.call(whose === "of a Request" ? new Request(url, { signal }) : { url, signal });
      await once(upstream.server, "request");
      expect(await failureOf(abort(call))).toBe(reason);
      await upstream.rest();
    },
  );

  test.each(["of the call", "of the request", "of both"])("while the body is read, by the signal %s", async (whose) => {
    await using upstream = await slow(true);
    const { signal, abort } = aborting();
    const other = new AbortController().signal;
    const response = await service.call(
      { url: upstream.origin, signal: whose === "of the call" ? other : signal },
      { signal: whose === "of the request" ? other : signal },
    );
    expect(await failureOf(abort(response.text()))).toBe(reason);
    await upstream.rest();
  });

  test("by the signal of a Request while it is called with another", async () => {
    await using upstream = await slow(true);
    const { signal, abort } = aborting();
    const request = new Request(upstream.origin, { signal });
    const response = await service.call(request, { signal: new AbortController().signal });
    expect(await failureOf(abort(response.text()))).toBe(reason);
  });

  test("before anything was sent", async () => {
    await using upstream = await slow(false);
    const { signal, abort } = aborting();
    await abort(Promise.resolve());
    for (const request of [{ url: upstream.origin, signal }, new Request(upstream.origin, { signal })]) {
      expect(await failureOf(service.call(request))).toBe(reason);
    }
    expect(upstream.requests).toBe(0);
  });

  test("while a function makes the body, and the body is not left behind", async () => {
    await using upstream = await slow(false);
    const { signal, abort } = aborting();
    const cancelled = vi.fn<(reason: unknown) => void>();
    const body = async () => {
      await abort(Promise.resolve());
      return streamOf("late", cancelled);
    };
    for (const whose of [{ signal }, {}]) {
      const call = service.call({ url: upstream.origin, method: "PUT", body, signal }, whose);
      expect(await failureOf(call)).toBe(reason);
    }
    expect(upstream.requests).toBe(0);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("inside the function that makes the body, and nothing is sent", async () => {
    await using upstream = await slow(false);
    const controllers = [1, 2].map(() => new AbortController());
    for (const controller of controllers) {
      const body = (): string => {
        controller.abort(reason);
        return "late";
      };
      const [signal, other] = controllers.map((each) => each.signal);
      const call = service.call({ url: upstream.origin, method: "PUT", body, signal: other }, { signal });
      expect(await failureOf(call)).toBe(reason);
    }
    expect(upstream.requests).toBe(0);
  });

  test("no listener is left behind on a signal that lives long", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(204).end());
    const long = new AbortController().signal;
    const added = vi.spyOn(long, "addEventListener");
    const removed = vi.spyOn(long, "removeEventListener");
    for (const origin of [upstream.origin, await deadOrigin()]) {
      const own = new AbortController().signal;
      await service.call({ url: origin, signal: own }, { signal: long }).catch(() => {});
    }
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([2, 2]);
  });
});

test("promise 15: when nobody has a response any more, its signals are let go", async () => {
  await using upstream = await loopback((_request, response) => response.end("read"));
  const [long, own] = [new AbortController().signal, new AbortController().signal];
  const removed = vi.spyOn(long, "removeEventListener");
  const read = async (): Promise<void> => {
    await (await service.call({ url: upstream.origin, signal: own }, { signal: long })).text();
  };
  await read();
  await vi.waitFor(() => {
    collectGarbage();
    expect(removed).toHaveBeenCalledTimes(1);
  }, 45_000);
});

describe("a request that cannot be sent is no failure of the network", () => {
  test.each<[string, HttpRequest]>([
    ["a line break in a header", { url: "http://127.0.0.1:1", headers: { "x-id": "7\r\nx-admin: yes" } }],
    ["a line feed in a header", { url: "http://127.0.0.1:1", headers: [["x-id", "7\n8"]] }],
    ["a NUL in a header", { url: "http://127.0.0.1:1", headers: { "x-id": "7\0" } }],
    ["a name that is none", { url: "http://127.0.0.1:1", headers: { "x id": "7" } }],
    ["an address that is none", { url: "nowhere" }],
    ["a method that is none", { url: "http://127.0.0.1:1", method: "GET /" }],
    ["a body of a GET", { url: "http://127.0.0.1:1", body: "no" }],
    ["an init that is none", { url: "http://127.0.0.1:1", init: { redirect: "maybe" as "follow" } }],
  ])("%s: it is what fetch says, and nothing is sent", async (_what, request) => {
    const error = await failureOf(service.call(request));
    expect(error).toBeInstanceOf(TypeError);
    expect(isNetworkError(error)).toBe(false);
  });

  test("and what a fetch of one's own answers is the answer, whatever it is", async () => {
    for (const answer of [undefined, null, "text", {}]) {
      const strange = fetchService({ fetch: async () => answer as Response });
      const [signal, own] = [new AbortController().signal, new AbortController().signal];
      const removed = vi.spyOn(signal, "removeEventListener");
      expect(await strange.call({ url: "http://nowhere", signal: own }, { signal })).toBe(answer);
      expect(removed).toHaveBeenCalledTimes(1);
    }
  });

  test("nor is what a fetch of one's own throws besides", async () => {
    const mine = new RangeError("mine");
    const failing = fetchService({
      fetch() {
        throw mine;
      },
    });
    expect(await failureOf(failing.call({ url: "http://nowhere" }))).toBe(mine);
  });
});

describe("promise 16: a stream is sent once", () => {
  test("and the second time nothing is sent at all (seen: an empty body, answered with 200)", async () => {
    await using upstream = await echo();
    const request = { url: upstream.origin, method: "PUT", body: streamOf("once") };
    expect(await ask(request)).toMatchObject({ body: "once" });
    expect(await failureOf(service.call(request))).toBeInstanceOf(TypeError);
    const used = new Request(upstream.origin, { method: "PUT", body: "once" });
    await ask(used);
    expect(String(await failureOf(service.call(used)))).toContain("give a function that makes one");
    expect(upstream.requests).toBe(2);
  });

  test("of any kind that is read piece by piece", async () => {
    await using upstream = await echo();
    const body = (async function* () {
      yield new TextEncoder().encode("piece by ");
      yield new TextEncoder().encode("piece");
    })() as unknown as ReadableStream;
    const request = { url: upstream.origin, method: "PUT", body };
    expect(await ask(request)).toMatchObject({ body: "piece by piece" });
    expect(await failureOf(service.call(request))).toBeInstanceOf(TypeError);
  });

  test.each(["before it is sent", "while it is sent"])(
    "and is cancelled when the connection fails %s",
    async (when) => {
      await using upstream = await loopback((request) => request.once("data", () => request.socket.resetAndDestroy()));
      const cancelled = vi.fn<(reason: unknown) => void>();
      const url = when === "while it is sent" ? upstream.origin : await deadOrigin();
      const error = await failureOf(service.call({ url, method: "PUT", body: streamOf("begun", cancelled) }));
      expect(isNetworkError(error)).toBe(true);
      expect(cancelled.mock.calls).toEqual([[error]]);
    },
  );

  test("and an iterable is ended, or a stream of Node.js destroyed", async () => {
    const ended = vi.fn<() => Promise<IteratorResult<Uint8Array>>>(async () => ({
      done: true as const,
      value: undefined,
    }));
    const iterable = { [Symbol.asyncIterator]: () => iterable, next: () => new Promise(() => {}), return: ended };
    const readable = Readable.from(["never"]);
    for (const body of [iterable, readable] as unknown as ReadableStream<Uint8Array>[]) {
      await failureOf(service.call({ url: await deadOrigin(), method: "PUT", body }));
    }
    expect(ended).toHaveBeenCalled();
    expect(readable.destroyed).toBe(true);
  });

  test.each(["being read", "read"])("and one that is %s by somebody else is not sent at all", async (how) => {
    await using upstream = await echo();
    const body = streamOf("theirs");
    const reader = body.getReader();
    await reader.read();
    if (how === "read") reader.releaseLock();
    const error = await failureOf(service.call({ url: upstream.origin, method: "PUT", body }));
    expect(String(error)).toContain("give a function that makes one");
    expect(upstream.requests).toBe(0);
  });
});

describe("promise 16: a function that makes the body", () => {
  test("is called once for each attempt", async () => {
    await using upstream = await echo();
    const body = vi.fn<() => ReadableStream<Uint8Array>>(() => streamOf("again"));
    const request = { url: upstream.origin, method: "PUT", body };
    expect(await ask(request)).toMatchObject({ body: "again" });
    expect(await ask(request)).toMatchObject({ body: "again" });
    expect(body).toHaveBeenCalledTimes(2);
  });

  test("may promise one, or have none", async () => {
    await using upstream = await echo();
    expect(await ask({ url: upstream.origin, method: "PUT", body: async () => "later" })).toMatchObject({
      body: "later",
    });
    expect(await ask({ url: upstream.origin, method: "PUT", body: () => null })).toMatchObject({ body: "" });
  });

  test("and fails: the call fails with the same, and nothing is sent", async () => {
    await using upstream = await echo();
    const mine = new TypeError("no such file");
    const fails = [
      () => {
        throw mine;
      },
      () => Promise.reject(mine),
    ];
    for (const body of fails) {
      expect(await failureOf(service.call({ url: upstream.origin, method: "PUT", body }))).toBe(mine);
    }
    expect(upstream.requests).toBe(0);
  });
});

describe("a body that is not what the head says", () => {
  test.each([
    ["is shorter than its length", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive!"],
    ["breaks off between chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfive!\r\n"],
    ["has chunks that are none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive!\r\n"],
  ])("%s: whoever reads it is told, and it is not taken for the whole", async (_what, answer) => {
    await using upstream = await loopback((request) => request.socket.end(answer));
    const outcome = service.call({ url: upstream.origin }).then((response) => response.text());
    expect(await failureOf(outcome)).toBeInstanceOf(Error);
  });

  test("when the upstream resets midway, the reader is told", async () => {
    await using upstream = await loopback((request, response) => {
      response.writeHead(200).write("half", () => request.socket.resetAndDestroy());
    });
    const outcome = service.call({ url: upstream.origin }).then((response) => response.text());
    expect(await failureOf(outcome)).toBeInstanceOf(Error);
    await upstream.rest();
  });
});

test("it is always ready, and reserves nothing", () => {
  expect(service.tryReady()).toBeDefined();
  expect(new ServiceBuilder().service(service).tryReady({ url: "http://nowhere" })).toBeDefined();
});

const reason = new Error("the caller's own reason");

function aborting() {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: <T>(promise: Promise<T>): Promise<T> => {
      controller.abort(reason);
      return promise;
    },
  };
}
