import { once } from "node:events";
import { ServiceBuilder, takeRefusal } from "@sluice/core";
import { deadOrigin, deferred, failureOf, loopback } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { failOnStatus, type HttpRequest, isNetworkError, type StatusError } from "../../src/index.ts";
import type { UndiciService, UndiciServiceOptions } from "../../src/undici/index.ts";

const [major, minor] = process.versions.node.split(".").map(Number);

/** The versions of undici that this Node can load. */
const versions: Readonly<Record<string, () => Promise<object>>> = {
  undici: () => import("undici"),
  ...((major! > 22 || (major === 22 && minor! >= 19)) && { "undici-8": () => import("undici-8") }),
};

/** The service as made with this version; disposed of with its pool. */
async function madeWith(version: string, options: UndiciServiceOptions): Promise<UndiciService & AsyncDisposable> {
  vi.resetModules();
  if (version === "undici") vi.doUnmock("undici");
  else vi.doMock("undici", versions[version]);
  const { undiciService } = await import("../../src/undici/index.ts");
  const made = undiciService(options);
  return Object.defineProperty(made, Symbol.asyncDispose, { value: () => made.pool.destroy() }) as UndiciService &
    AsyncDisposable;
}

const reason = new Error("the caller's own reason");

describe.each(Object.keys(versions))("%s", (version) => {
  const pooled = (origin: string, connections = 1) =>
    madeWith(version, { origin, connections, clock: new VirtualClock() });

  test("is the version that it is said to be", async () => {
    await using users = await pooled("http://127.0.0.1");
    const other = (await versions[version]!()) as { Pool: new () => unknown };
    expect(users.pool).toBeInstanceOf(other.Pool);
  });

  describe("readiness", () => {
    test("is a free connection, from the reservation on", async () => {
      await using upstream = await loopback((_request, response) => response.end("hi"));
      await using users = await pooled(upstream.origin, 2);
      const permits = [users.service.tryReady(), users.service.tryReady()];
      expect([users.active, users.available, users.service.tryReady()]).toEqual([2, 0, undefined]);
      expect(takeRefusal()).toMatchObject({ layer: "undiciService", reason: "capacity" });
      expect(JSON.parse(JSON.stringify(users))).toEqual({
        name: "undiciService",
        active: 2,
        waiting: 0,
        available: 0,
        oldest: 0,
      });
      permits[0]?.release();
      const response = await permits[1]!.call({ url: "/" });
      expect(await response.text()).toBe("hi");
      await vi.waitFor(() => expect([users.active, users.available]).toEqual([0, 2]), 10_000);
    });

    test("comes in line, and there are never more connections than there may be", async () => {
      await using upstream = await loopback((_request, response) => setImmediate(() => response.end("hi")));
      await using users = await pooled(upstream.origin, 3);
      const all = Array.from({ length: 30 }, async () => (await users.service.call({ url: "/" })).text());
      expect([users.active, users.waiting]).toEqual([3, 27]);
      await Promise.all(all);
      expect(upstream.connections).toBeLessThanOrEqual(3);
      await vi.waitFor(() => expect([users.active, users.waiting, users.oldest]).toEqual([0, 0, 0]), 10_000);
    });
  });

  describe("promise 20: an exchange lasts until its connection is free again", () => {
    /** However the exchange ends: who waits for the only connection is served then, and afterwards nothing is held. */
    async function endsWith(
      users: UndiciService,
      ending: (call: (request?: Partial<HttpRequest>) => Promise<Response>) => Promise<unknown>,
    ): Promise<void> {
      let next: Promise<void> | undefined;
      await ending((request) => {
        const answer = users.service.call({ url: "/first", ...request });
        next = serves(users);
        return answer;
      });
      await next;
      await vi.waitFor(() => expect([users.active, users.pool.stats.running]).toEqual([0, 0]), 10_000);
    }

    /** Serves everything but /first, with which it does as it is told. */
    const upstreamThat = (does: Parameters<typeof loopback>[0]) =>
      loopback((request, response) => (request.url === "/first" ? does(request, response) : response.end("served")));
    const serves = async (users: UndiciService): Promise<void> => {
      expect(await (await users.service.call({ url: "/next" })).text()).toBe("served");
    };

    test("when its body is read, and not before", async () => {
      const { promise: go, resolve } = deferred<void>();
      await using upstream = await upstreamThat(async (_request, response) => {
        response.writeHead(200).write("half ");
        await go;
        response.end("whole");
      });
      await using users = await pooled(upstream.origin);
      await endsWith(users, async (call) => {
        const response = await call();
        expect([users.active, users.waiting, upstream.requests]).toEqual([1, 1, 1]);
        resolve();
        expect(await response.text()).toBe("half whole");
      });
      expect(upstream.connections).toBe(1);
    });

    test("when there is no body", async () => {
      await using upstream = await upstreamThat((_request, response) => response.writeHead(204).end());
      await using users = await pooled(upstream.origin);
      await endsWith(users, (call) => call());
      await endsWith(users, (call) => call({ method: "HEAD" }));
      expect(upstream.requests).toBe(4);
    });

    test("when its body is cancelled", async () => {
      await using upstream = await upstreamThat((_request, response) => response.writeHead(200).write("half"));
      await using users = await pooled(upstream.origin);
      await endsWith(users, async (call) => (await call()).body!.cancel());
      expect(upstream.busy).toBe(0);
    });

    test("when the upstream resets it midway", async () => {
      await using upstream = await upstreamThat((request, response) => {
        response.writeHead(200).write("half", () => request.socket.resetAndDestroy());
      });
      await using users = await pooled(upstream.origin);
      await endsWith(users, async (call) => {
        const outcome = call().then((response) => response.text());
        expect(await failureOf(outcome)).toBeInstanceOf(Error);
      });
      await serves(users);
    });

    test("when the upstream resets it before the head", async () => {
      await using upstream = await upstreamThat((request) => request.socket.resetAndDestroy());
      await using users = await pooled(upstream.origin);
      await endsWith(users, async (call) => expect(isNetworkError(await failureOf(call()))).toBe(true));
      await serves(users);
    });

    test("when the caller aborts it before the head", async () => {
      await using upstream = await upstreamThat(() => {});
      await using users = await pooled(upstream.origin);
      const controller = new AbortController();
      await endsWith(users, async (call) => {
        const answer = call({ signal: controller.signal });
        await once(upstream.server, "request");
        controller.abort(reason);
        expect(await failureOf(answer)).toBe(reason);
      });
      await serves(users);
    });

    test("when the caller aborts it while the body is read", async () => {
      await using upstream = await upstreamThat((_request, response) => response.writeHead(200).write("half"));
      await using users = await pooled(upstream.origin);
      const controller = new AbortController();
      await endsWith(users, async (call) => {
        const response = await call({ signal: controller.signal });
        const text = response.text();
        controller.abort(reason);
        expect(await failureOf(text)).toBe(reason);
      });
      await serves(users);
    });

    test("when the connection is refused", async () => {
      await using users = await pooled(await deadOrigin());
      for (let n = 0; n < 2; n++) {
        const error = await failureOf(users.service.call({ url: "/" }));
        expect(error).toMatchObject({ name: "NetworkError", causeCode: "ECONNREFUSED" });
      }
      await vi.waitFor(() => expect([users.active, users.pool.stats.running]).toEqual([0, 0]), 10_000);
    });

    test("when nothing can be sent", async () => {
      await using upstream = await upstreamThat(() => {});
      await using users = await pooled(upstream.origin);
      const faults: Partial<HttpRequest>[] = [
        { headers: { "x-id": "7\r\n8" } },
        { url: "http://elsewhere.example/" },
        {
          method: "PUT",
          body: () => {
            throw new TypeError("no such file");
          },
        },
      ];
      for (const fault of faults) {
        await endsWith(users, async (call) => expect(await failureOf(call(fault))).toBeInstanceOf(TypeError));
      }
      // Those who waited, and nobody else.
      expect(upstream.requests).toBe(faults.length);
    });

    test("when it fails by its status: it is read off", async () => {
      await using upstream = await upstreamThat((_request, response) =>
        response.writeHead(503).end("x".repeat(60_000)),
      );
      await using users = await pooled(upstream.origin);
      const failing = new ServiceBuilder().layer(failOnStatus()).service(users.service);
      await endsWith(users, async (call) => {
        const both = await Promise.all([failureOf<StatusError>(failing.call({ url: "/first" })), call({ url: "/" })]);
        await both[1].text();
        expect([both[0].status, (await both[0].toResponse().text()).length]).toEqual([503, 60_000]);
      });
      await serves(users);
      expect(upstream.connections).toBe(1);
    });

    test("when the pool is destroyed", async () => {
      await using upstream = await upstreamThat(() => {});
      await using users = await pooled(upstream.origin);
      const answer = users.service.call({ url: "/first" });
      await once(upstream.server, "request");
      await users.pool.destroy();
      expect(isNetworkError(await failureOf(answer))).toBe(true);
      expect(isNetworkError(await failureOf(users.service.call({ url: "/" })))).toBe(true);
      await vi.waitFor(() => expect(users.active).toBe(0), 10_000);
    });
  });

  describe("a request", () => {
    const echo = () =>
      loopback(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { method, url, headers } = request;
        response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
      });

    test("may name a path or the whole address, or be a Request", async () => {
      await using upstream = await echo();
      await using users = await pooled(upstream.origin);
      const requests: HttpRequest[] = [
        { url: "/a?b=c", method: "PUT", headers: { "x-id": "7" }, body: "hi" },
        { url: `${upstream.origin}/a?b=c`, method: "PUT", headers: [["x-id", "7"]], body: async () => "hi" },
        new Request(`${upstream.origin}/a?b=c`, { method: "PUT", headers: { "x-id": "7" }, body: "hi" }),
        {
          url: new URL("/a?b=c", upstream.origin),
          method: "PUT",
          headers: new Headers({ "x-id": "7" }),
          body: () => "hi",
        },
      ];
      for (const request of requests) {
        const asked = await (await users.service.call(request)).json();
        expect(asked).toMatchObject({ method: "PUT", url: "/a?b=c", body: "hi", headers: { "x-id": "7" } });
      }
    });

    test("may have a form of the global class", async () => {
      await using upstream = await echo();
      await using users = await pooled(upstream.origin);
      const body = new FormData();
      body.append("name", "Ada");
      body.append("file", new Blob(["content"]), "a.txt");
      const asked = (await (await users.service.call({ url: "/", method: "POST", body })).json()) as { body: string };
      for (const part of ['name="name"\r\n\r\nAda', 'filename="a.txt"', "content"]) expect(asked.body).toContain(part);
    });

    test("is not sent to where a redirect leads, for the pool would send it to its own origin", async () => {
      await using upstream = await loopback((_request, response) => {
        response.writeHead(302, { location: "http://elsewhere.example/" }).end();
      });
      await using users = await pooled(upstream.origin);
      const response = await users.service.call({ url: "/", init: { redirect: "follow" } });
      expect([response.status, response.headers.get("location")]).toEqual([302, "http://elsewhere.example/"]);
      expect(await failureOf(users.service.call(new Request(upstream.origin, { redirect: "error" })))).toBeInstanceOf(
        Error,
      );
      expect(upstream.requests).toBe(2);
    });

    test("with a body that is sent in pieces is sent", async () => {
      await using upstream = await echo();
      await using users = await pooled(upstream.origin);
      const body = () => new Blob(["x".repeat(100_000)]).stream();
      const asked = (await (await users.service.call({ url: "/", method: "PUT", body })).json()) as { body: string };
      expect(asked.body.length).toBe(100_000);
    });
  });

  test("what undici refuses is refused, and says why", async () => {
    const pool = { keepAliveTimeout: -1 };
    const error = await failureOf<Error>(madeWith(version, { origin: "http://127.0.0.1", connections: 1, pool }));
    expect(String(error)).toMatch(/^TypeError: undiciService: pool must be options that undici takes/);
    expect(String(error.cause)).toContain("keepAliveTimeout");
  });

  test.each([
    "",
    "nowhere",
    "ftp://a.example",
    "http://a.example/path",
    "http://a.example/?q",
    "http://u:p@a.example",
    5,
    undefined,
  ])("an origin of %j is refused", async (origin) => {
    const error = await failureOf(madeWith(version, { origin: origin as string, connections: 1 }));
    expect(String(error)).toMatch(/^TypeError: undiciService: origin must be an address of http or https/);
  });
});
