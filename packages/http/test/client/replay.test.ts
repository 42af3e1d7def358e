import { describe, expect, test } from "vitest";
import { type HttpRequest, isReplayable, replay } from "../../src/index.ts";

const url = "http://127.0.0.1/";
const stream = () => new ReadableStream<Uint8Array>({ pull: (controller) => controller.close() });

describe("promise 16: what is sent again", () => {
  test.each<[string, HttpRequest]>([
    ["no body", { url }],
    ["null", { url, method: "PUT", body: null }],
    ["text", { url, method: "PUT", body: "text" }],
    ["bytes", { url, method: "PUT", body: new Uint8Array(2) }],
    ["a blob", { url, method: "PUT", body: new Blob(["x"]) }],
    ["a form", { url, method: "PUT", body: new FormData() }],
    ["parameters", { url, method: "PUT", body: new URLSearchParams() }],
    ["a function", { url, method: "PUT", body: stream }],
    ["a Request without a body", new Request(url)],
  ])("with %s it is the request itself", (_what, request) => {
    expect(replay(request)).toBe(request);
  });

  test.each<[string, HttpRequest]>([
    ["a stream", { url, method: "PUT", body: stream() }],
    ["an iterable", { url, method: "PUT", body: (async function* () {})() }],
  ])("with %s it is nothing", (_what, request) => {
    expect(replay(request)).toBeUndefined();
  });

  test("of a Request with a body it is a clone, unless the body is used already", async () => {
    const request = new Request(url, { method: "PUT", body: "text" });
    const copy = replay(request) as Request;
    expect(copy).not.toBe(request);
    expect([await request.text(), replay(request), await copy.text()]).toEqual(["text", undefined, "text"]);
  });
});

test("promise 16: a Request of a browser that does not know its body is cloned", () => {
  const request = Object.defineProperty(new Request(url, { method: "PUT", body: "text" }), "body", {
    value: undefined,
  });
  expect(replay(request)).not.toBe(request);
});

describe("promise 16: what may be sent twice", () => {
  test.each(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY", "get", "put", "Delete", undefined])(
    "%s is idempotent",
    (method) => {
      expect(isReplayable({ method })).toBe(true);
    },
  );

  // Fetch sends "query" as it is, and that is another method.
  test.each(["POST", "PATCH", "post", "patch", "CONNECT", "query", "trace", ""])("%j is not", (method) => {
    expect(isReplayable({ method })).toBe(false);
    expect(isReplayable({ method, headers: { "x-id": "7" } })).toBe(false);
  });

  test.each<HttpRequest["headers"]>([
    { "Idempotency-Key": "7" },
    [["idempotency-key", "7"]],
    new Headers({ "IDEMPOTENCY-KEY": "7" }),
  ])("a POST is with an Idempotency-Key, however headers are written", (headers) => {
    expect(isReplayable({ method: "POST", headers })).toBe(true);
    expect(isReplayable(new Request(url, { method: "POST", headers: headers! }))).toBe(true);
  });

  test("headers that cannot be sent do not make it throw", () => {
    expect(isReplayable({ method: "POST", headers: { "no name": "\n" } })).toBe(false);
  });
});
