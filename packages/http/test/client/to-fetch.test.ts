import { ServiceBuilder, serviceFn } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { failOnStatus, fetchService, type HttpRequest, StatusError, toFetch } from "../../src/index.ts";
import { failureOf, loopback } from "@sluice/test-kit";

/** A fetch whose requests end here. */
function caught(answer: (request: HttpRequest) => Response = () => new Response("ok")) {
  const requests: HttpRequest[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const fetch = toFetch(
    serviceFn((request: HttpRequest, { signal }) => {
      requests.push(request);
      signals.push(signal);
      return answer(request);
    }),
  );
  return { fetch, requests, signals };
}

describe("the arguments of fetch", () => {
  test("become plain data, so that a body that is a value can be sent again", async () => {
    const { fetch, requests } = caught();
    await fetch("http://a/", { method: "PUT", headers: { "x-id": "7" }, body: "text", redirect: "manual" });
    await fetch(new URL("http://b/"));
    // JavaScript may say null where there is no init.
    await fetch("http://c/", null as unknown as undefined);
    expect(requests).toEqual([
      { url: "http://a/", method: "PUT", headers: { "x-id": "7" }, body: "text", init: { redirect: "manual" } },
      { url: new URL("http://b/") },
      { url: "http://c/" },
    ]);
  });

  test("may be a Request, which stays as it is", async () => {
    const { fetch, requests } = caught();
    const request = new Request("http://a/", { method: "PUT", body: "text" });
    await fetch(request);
    expect(requests[0]).toBe(request);
  });

  test("may be a Request and what is to be different", async () => {
    const { fetch, requests } = caught();
    await fetch(new Request("http://a/", { method: "PUT", body: "text", headers: { "x-id": "7" } }), {
      method: "POST",
    });
    const [request] = requests as Request[];
    expect([request?.method, request?.headers.get("x-id"), await request?.text()]).toEqual(["POST", "7", "text"]);
  });

  test("may be an address and a Request for all the rest", async () => {
    const { fetch, requests } = caught();
    await fetch("http://b/", new Request("http://a/", { method: "PUT", redirect: "error" }));
    expect([requests[0]?.url, requests[0]?.method, (requests[0] as Request).redirect]).toEqual([
      "http://b/",
      "PUT",
      "error",
    ]);
  });

  test.each(["the init", "the Request"])("carry a signal, in %s, for the waiting too", async (where) => {
    const { fetch, requests, signals } = caught();
    const { signal } = new AbortController();
    if (where === "the init") await fetch("http://a/", { signal });
    else await fetch(new Request("http://a/", { signal }));
    expect(requests[0]?.signal).toBeDefined();
    expect(signals[0]).toBe(requests[0]?.signal);
  });

  test("that are wrong reject, and do not throw", async () => {
    const { fetch } = caught();
    const used = new Request("http://a/", { method: "PUT", body: "text" });
    await used.text();
    expect(await failureOf(fetch(used, { headers: {} }))).toBeInstanceOf(TypeError);
    const aborted = AbortSignal.abort(new Error("mine"));
    expect(await failureOf(fetch("http://a/", { signal: aborted }))).toBe(aborted.reason);
  });
});

describe("the answer", () => {
  test("is a response whatever its status is", async () => {
    await using upstream = await loopback((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { "x-id": "7" }).end("why");
    });
    const fetch = toFetch(new ServiceBuilder().layer(failOnStatus()).service(fetchService()));
    for (const status of [200, 404, 429, 500, 503]) {
      const response = await fetch(`${upstream.origin}/${status}`);
      expect([response.status, response.ok, response.url]).toEqual([
        status,
        status < 300,
        `${upstream.origin}/${status}`,
      ]);
      expect([response.headers.get("x-id"), await response.text()]).toEqual(["7", "why"]);
    }
  });

  test("is the failure of the service, where that is another", async () => {
    const mine = new Error("mine");
    const fetch = toFetch(
      serviceFn((): Response => {
        throw mine;
      }),
    );
    expect(await failureOf(fetch("http://a/"))).toBe(mine);
  });

  test("of a status that was thrown by anybody inside is a response, too", async () => {
    const { fetch } = caught(() => {
      throw new StatusError(new Response(null, { status: 500 }));
    });
    expect((await fetch("http://a/")).status).toBe(500);
  });
});
