import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { type Adds, middleware, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { drain, guard, harden, isClientGoneError, signalOf } from "../../src/node/index.ts";
import { eventually } from "../helper/loopback.ts";

type Handler = (
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  options: { readonly signal?: AbortSignal },
) => unknown;

class UpgradeError extends Error {
  readonly code = "UPGRADE";
}

const clock = new VirtualClock();

async function served(handler: Handler, layer = concurrencyLimit(1)) {
  const reports = guard(new ServiceBuilder().layer(layer).layer(timeout({ call: 1_000, clock })));
  const server = createServer(reports.handle(handler));
  const counters = harden(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    server,
    session,
    counters,
    limit: layer,
    async [Symbol.asyncDispose]() {
      session.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

async function answerOf(session: ClientHttp2Session, headers: Record<string, string> = {}, body?: string) {
  const stream = session.request({ ":path": "/", ":method": body === undefined ? "GET" : "POST", ...headers });
  stream.end(body);
  const [head] = (await once(stream, "response")) as [{ readonly ":status": number; readonly [name: string]: unknown }];
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) text += String(chunk);
  return { head, text, code: stream.rstCode };
}

describe("on HTTP/2", () => {
  test("answers go out, and refusals without the header that HTTP/2 has not", async () => {
    await using all = await served((request, response) => response.end(`hello ${request.url}`));
    expect(await answerOf(all.session)).toMatchObject({ head: { ":status": 200 }, text: "hello /" });
    await eventually(() => all.limit.active === 0);
    all.limit.max = 0;
    const refused = await answerOf(all.session, {}, "body");
    expect(refused.head).toMatchObject({ ":status": 503, "content-type": "application/problem+json" });
    expect(refused.head).not.toHaveProperty("connection");
    const late = await answerOf(all.session, { "x-timeout-ms": "0" });
    expect(late.head[":status"]).toBe(504);
  });

  test("promise 6: a stream that its client cancels aborts the signal, also after the body was read", async () => {
    const seen: AbortSignal[] = [];
    await using all = await served(async (request, _response, { signal }) => {
      for await (const chunk of request) void chunk;
      seen.push(signal as AbortSignal, signalOf(request));
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    });
    const stream = all.session.request({ ":path": "/", ":method": "POST" });
    stream.on("error", () => {});
    stream.end("hello");
    await eventually(() => seen.length === 2);
    expect(seen.map(({ aborted }) => aborted)).toEqual([false, false]);
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => all.limit.active === 0);
    expect(seen.map(({ reason }) => isClientGoneError(reason))).toEqual([true, true]);
  });

  test("promise 3: Expect: 100-continue is answered when somebody begins to read, and not where it is full", async () => {
    let read: (() => void) | undefined;
    await using all = await served(async (request, response) => {
      await new Promise<void>((resolve) => (read = resolve));
      let body = "";
      for await (const chunk of request) body += String(chunk);
      response.end(body);
    });
    const asking = () => all.session.request({ ":path": "/", ":method": "POST", expect: "100-continue" });
    const stream = asking();
    let invited = false;
    stream.on("continue", () => {
      invited = true;
      stream.end("hello");
    });
    await eventually(() => read !== undefined);
    expect(invited).toBe(false);
    read?.();
    stream.setEncoding("utf8");
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect([invited, text]).toEqual([true, "hello"]);
    await eventually(() => all.limit.active === 0);
    all.limit.max = 0;
    const refused = asking();
    let again = false;
    refused.on("continue", () => (again = true));
    const [head] = (await once(refused, "response")) as [{ readonly ":status": number }];
    refused.close();
    expect([head[":status"], again]).toEqual([503, false]);
  });

  test("417 to an expectation that nobody knows, which reaches nobody", async () => {
    await using all = await served(() => expect.unreachable());
    for (const body of [undefined, "hello"]) {
      const { head } = await answerOf(all.session, { expect: "banana" }, body);
      expect(head).toMatchObject({ ":status": 417, "content-type": "application/problem+json" });
    }
    expect(all.limit.active).toBe(0);
  });

  test("an answer with fields that HTTP/2 has not goes out without them (seen: the process ended)", async () => {
    const upgrade = middleware<Adds<UpgradeError>>("upgrade", () => Promise.reject(new UpgradeError()));
    const headers = { upgrade: "h3", connection: "upgrade", "keep-alive": "timeout=5", te: "trailers", "x-a": "1" };
    const reports = guard(new ServiceBuilder().layer(upgrade), {
      answers: { UPGRADE: () => ({ status: 426, headers }) },
    });
    const server = createServer(reports.handle(() => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const { head } = await answerOf(session);
    expect([head[":status"], head["x-a"], Object.keys(headers).filter((name) => name in head)]).toEqual([
      426,
      "1",
      ["x-a"],
    ]);
    session.destroy();
    server.close();
    await once(server, "close");
  });

  test("promise 6: completion does not abort it", async () => {
    let seen: AbortSignal | undefined;
    await using all = await served((_request, response, { signal }) => {
      seen = signal;
      response.end("done");
    });
    await answerOf(all.session, {}, "hello");
    await eventually(() => all.limit.active === 0);
    expect(seen?.aborted).toBe(false);
  });

  test("promise 9: a time-out is answered in time, or cuts the stream with an error", async () => {
    let half = false;
    let begun = 0;
    await using all = await served((_request, response) => {
      begun++;
      if (half) response.write("half");
      return new Promise(() => {});
    }, concurrencyLimit(2));
    const answer = answerOf(all.session);
    await eventually(() => begun === 1);
    await clock.advance(1_000);
    expect((await answer).head[":status"]).toBe(504);
    half = true;
    const stream = all.session.request({ ":path": "/" });
    const failed = once(stream, "error");
    await once(stream, "response");
    await clock.advance(1_000);
    expect(String((await failed)[0])).toContain("NGHTTP2_INTERNAL_ERROR");
  });

  test("promise 14: drain answers what is in flight, and ends the sessions", async () => {
    let finish: () => void = () => {};
    const { server, session, counters } = await served((_request, response) => {
      finish = () => response.end("done");
    });
    const answer = answerOf(session);
    await eventually(() => String(finish) !== "() => {}");
    const drained = drain(server);
    finish();
    expect(await answer).toMatchObject({ head: { ":status": 200 }, text: "done" });
    expect(await drained).toEqual({ forced: false });
    await eventually(() => counters.connections === 0);
    expect(session.closed).toBe(true);
  });

  test("promise 14: a stream that never ends is cut after within", async () => {
    let begun = false;
    const { server, session } = await served(() => void (begun = true));
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => {});
    await eventually(() => begun);
    const drained = drain(server, { within: 100, clock });
    await clock.advance(100);
    expect(await drained).toEqual({ forced: true });
    await eventually(() => session.destroyed);
  });
});
