import { once } from "node:events";
import { ServiceBuilder, serviceFn } from "@sluice/core";
import * as undici from "undici";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import {
  failOnStatus,
  fetchService,
  type HttpInit,
  type HttpRequest,
  isStatusError,
  StatusError,
} from "../../src/index.ts";
import { failureOf, loopback } from "@sluice/test-kit";

const service = new ServiceBuilder().layer(failOnStatus()).service(fetchService());

/** A service that answers with this. */
const answering = (response: Response, ...given: Parameters<typeof failOnStatus>) =>
  new ServiceBuilder().layer(failOnStatus(...given)).service(serviceFn((_request: HttpRequest) => response));

describe("which statuses fail", () => {
  test.each([200, 204, 304, 400, 401, 404, 409, 413, 499])("%i is a response", async (status) => {
    const response = new Response(null, { status });
    expect(await answering(response).call({ url: "/" })).toBe(response);
  });

  test.each([408, 429, 500, 502, 503, 504, 599])("%i is a failure", async (status) => {
    const error = await failureOf<StatusError>(answering(new Response("why", { status })).call({ url: "/" }));
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ name: "StatusError", code: "ERR_SLUICE_HTTP_STATUS", status, body: "why" });
    // A line of a log is often all that is left of it.
    expect(String(error)).toBe(`StatusError: The response has the failing status ${status}.`);
  });

  test("or those that one's own function names", async () => {
    const fails = ({ status }: Response) => status === 404;
    expect(await failureOf(answering(new Response("", { status: 404 }), fails).call({ url: "/" }))).toMatchObject({
      status: 404,
    });
    expect((await answering(new Response("", { status: 500 }), fails).call({ url: "/" })).status).toBe(500);
  });

  test.each([1, undefined, "yes", Promise.resolve(true)])(
    "a function that answers %o is wrong, and the body is not left behind",
    async (answer) => {
      const { response, cancelled } = endless(200);
      const error = await failureOf<StatusError>(
        answering(response, () => answer as unknown as boolean).call({ url: "/" }),
      );
      expect(String(error)).toMatch(/^TypeError: failOnStatus: fails must answer true or false; received /);
      expect(cancelled).toHaveBeenCalledTimes(1);
    },
  );

  test.each([undefined, null, 503, "503", {}])("%j is no response, and passes as it is", async (answer) => {
    expect(await answering(answer as Response).call({ url: "/" })).toBe(answer);
    const error = await failureOf(answering(answer as Response, ({ ok }) => ok).call({ url: "/" }));
    expect(error).toBeInstanceOf(TypeError);
  });

  test("what the function throws is the failure, and the body is not left behind", async () => {
    const mine = new Error("mine");
    const { response, cancelled } = endless(200);
    const call = answering(response, () => {
      throw mine;
    }).call({ url: "/" });
    expect(await failureOf(call)).toBe(mine);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });
});

describe("what the error knows", () => {
  test("status, headers, and in how long to come back", async () => {
    await using upstream = await loopback((_request, response) => {
      response.writeHead(429, { "retry-after": "7", "content-type": "text/plain" }).end("slow down");
    });
    const error = await failureOf<StatusError>(service.call({ url: upstream.origin }));
    expect(error).toMatchObject({ status: 429, retryAfter: 7_000, body: "slow down" });
    expect(error.headers.get("content-type")).toBe("text/plain");
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "StatusError",
      code: "ERR_SLUICE_HTTP_STATUS",
      message: error.message,
      status: 429,
      retryAfter: 7_000,
      body: "slow down",
    });
    expect([isStatusError(error), isStatusError({ ...JSON.parse(JSON.stringify(error)) })]).toEqual([true, false]);
  });

  test("no time to come back, where there is none", async () => {
    expect(new StatusError(new Response(null, { status: 503 })).retryAfter).toBeUndefined();
  });

  test.each([
    [1_024, 1_024],
    [0, 0],
    [65_536, 65_536],
  ])("the first %i bytes of the body", async (read, length) => {
    const response = new Response("x".repeat(100_000), { status: 500 });
    const error = await failureOf<StatusError>(answering(response, undefined, { read }).call({ url: "/" }));
    expect(error.body.length).toBe(length);
  });

  test("and of a character that was cut in two nothing", async () => {
    const error = await failureOf<StatusError>(
      answering(new Response("aé", { status: 500 }), undefined, { read: 2 }).call({ url: "/" }),
    );
    expect(error.body).toBe("a");
    const binary = new Response(new Uint8Array([0x61, 0xff]), { status: 500 });
    expect(await failureOf(answering(binary).call({ url: "/" }))).toMatchObject({ body: "a\ufffd" });
  });
});

describe("the response again", () => {
  test("with its head and its body, as often as it is wanted", async () => {
    await using upstream = await loopback((_request, response) => {
      response.writeHead(503, "Not Now", { "x-id": "7" }).end("x".repeat(50_000));
    });
    const error = await failureOf<StatusError>(service.call({ url: `${upstream.origin}/users` }));
    for (const response of [error.toResponse(), error.toResponse()]) {
      expect([response.status, response.statusText, response.ok]).toEqual([503, "Not Now", false]);
      expect([response.url, response.redirected]).toEqual([`${upstream.origin}/users`, false]);
      expect(response.headers.get("x-id")).toBe("7");
      expect(await response.text()).toBe("x".repeat(50_000));
    }
  });

  test("without a body where there was none", async () => {
    const error = await failureOf<StatusError>(answering(new Response(null, { status: 500 })).call({ url: "/" }));
    expect(error.toResponse().body).toBeNull();
  });

  test("and whoever reads further than was read is told", async () => {
    const { response } = endless(500);
    const error = await failureOf<StatusError>(answering(response).call({ url: "/" }));
    const reader = error.toResponse().body!.getReader();
    expect((await reader.read()).value?.length).toBe(65_536);
    expect(await failureOf(reader.read())).toBeInstanceOf(TypeError);
    const empty = await failureOf<StatusError>(answering(broken(), undefined).call({ url: "/" }));
    expect(await failureOf(empty.toResponse().text())).toBeInstanceOf(TypeError);
  });
});

describe("promise 17: a response that is a failure leaves no connection busy", () => {
  test("when it is short: it is read off, and the only connection is used again", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).end("x".repeat(60_000)));
    const dispatcher = new undici.Agent({ connections: 1 });
    const single = fetchService({
      fetch: undici.fetch as unknown as typeof fetch,
      init: { dispatcher } as unknown as HttpInit,
    });
    const failing = new ServiceBuilder().layer(failOnStatus()).service(single);
    for (let n = 0; n < 5; n++) await failureOf(failing.call({ url: upstream.origin }));
    expect([upstream.requests, upstream.connections]).toEqual([5, 1]);
    await dispatcher.close();
  });

  test("when it does not end: it is cancelled after 64 KiB", async () => {
    await using upstream = await loopback((_request, response) => {
      response.writeHead(500);
      const more = (): void => void (!response.destroyed && response.write("x".repeat(16_384), more));
      more();
    });
    const error = await failureOf<StatusError>(service.call({ url: upstream.origin }));
    expect(error.body).toBe("x".repeat(1_024));
    await upstream.rest();
  });

  test("when it breaks off: it is what its head says", async () => {
    await using upstream = await loopback((request, response) => {
      response.writeHead(502, { "content-length": "10" }).write("half", () => request.socket.resetAndDestroy());
    });
    expect(await failureOf(service.call({ url: upstream.origin }))).toMatchObject({ status: 502 });
    await upstream.rest();
  });

  test("when somebody inside has used its body", async () => {
    const response = new Response("used", { status: 500 });
    await response.text();
    expect(await failureOf(answering(response).call({ url: "/" }))).toMatchObject({ status: 500, body: "" });
  });

  test("when the caller aborts while it is read off: with the caller's own reason", async () => {
    await using upstream = await loopback((_request, response) => response.writeHead(503).write("a little"));
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = service.call({ url: upstream.origin }, { signal: controller.signal });
    await once(upstream.server, "request");
    // The head is there.
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    expect(await failureOf(call)).toBe(reason);
    await upstream.rest();
  });
});

describe("readiness", () => {
  test("is that of the service inside", async () => {
    const [inner, handle] = mockService<HttpRequest, Response>();
    handle.allow(0);
    const limited = new ServiceBuilder().layer(failOnStatus()).service(inner);
    expect(limited.tryReady()).toBeUndefined();
    handle.allow(1);
    const call = limited.call({ url: "/" });
    (await handle.nextRequest()).fail(new Error("inside"));
    expect(await failureOf(call)).toMatchObject({ message: "inside" });
  });
});

function endless(status: number) {
  const cancelled = vi.fn<(reason: unknown) => void>();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
    cancel: cancelled,
  });
  return { response: new Response(body, { status }), cancelled };
}

function broken(): Response {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) });
  return new Response(body, { status: 500 });
}
