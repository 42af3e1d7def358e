import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { FastResponse, serve, type ServerRequest } from "srvx";
import { describe, expect, test } from "vitest";
import { limitBody, toFetchHandler, untilBodyEnds, type FetchHandler } from "../../src/index.ts";
import { eventually, wire } from "../helper/loopback.ts";

async function served(fetchHandler: FetchHandler) {
  const server = serve({ fetch: fetchHandler, port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
  await server.ready();
  const url = new URL(server.url as string);
  return {
    url: url.href,
    port: Number(url.port),
    async [Symbol.asyncDispose]() {
      await server.close(true);
    },
  };
}

describe("on srvx, a real server", () => {
  test("answers go out, and refusals are made of its fast response", async () => {
    await using server = await served(
      toFetchHandler(
        new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(async (_request: Request) => new Response()),
        {
          Response: FastResponse,
        },
      ),
    );
    const response = await fetch(server.url);
    expect([response.status, response.headers.get("content-type")]).toEqual([503, "application/problem+json"]);
    expect(await response.json()).toMatchObject({ status: 503 });
  });

  test("promise 6: its client's leaving aborts the signal, also after the body was read", async () => {
    let signal: AbortSignal | undefined;
    await using server = await served(
      toFetchHandler(
        serviceFn(async (request: Request, options) => {
          await request.text();
          signal = options.signal;
          return new Promise<Response>(() => {});
        }),
      ),
    );
    using client = await wire(server.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    await eventually(() => signal !== undefined);
    expect(signal?.aborted).toBe(false);
    client.socket.destroy();
    await eventually(() => signal?.aborted === true);
  });

  test("promise 8: HEAD, answered with an endless stream, pulls nothing and holds nothing", async () => {
    const limit = concurrencyLimit(1);
    let pulled = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(1_000));
          },
        },
        { highWaterMark: 0 },
      );
    await using server = await served(
      toFetchHandler(
        new ServiceBuilder()
          .layer(limit)
          .layer(untilBodyEnds())
          .serviceFn(async (_request: Request) => new Response(endless())),
      ),
    );
    expect((await fetch(server.url, { method: "HEAD" })).status).toBe(200);
    await eventually(() => limit.active === 0);
    expect(pulled).toBe(0);
    // A client that leaves in the middle of it gives it up.
    using client = await wire(server.port);
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.until("HTTP/1.1 200");
    expect(limit.active).toBe(1);
    client.socket.destroy();
    await eventually(() => limit.active === 0);
  });

  test("promise 8: a permit is held until node's response has left", async () => {
    const limit = concurrencyLimit(1);
    const sent = (request: Request): Promise<unknown> => {
      const response = (request as ServerRequest).runtime?.node?.res as ServerResponse;
      return once(response, "close");
    };
    let finish: () => void = () => {};
    const slow = () =>
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(1)),
        async pull(controller) {
          await new Promise<void>((resolve) => (finish = resolve));
          controller.close();
        },
      });
    await using server = await served(
      toFetchHandler(
        new ServiceBuilder()
          .layer(limit)
          .layer(untilBodyEnds({ sent }))
          .serviceFn(async (_request: Request) => new Response(slow())),
      ),
    );
    const response = await fetch(server.url);
    expect(limit.active).toBe(1);
    finish();
    await response.text();
    await eventually(() => limit.active === 0);
  });

  test("a body that turns out to be too large is 413, and its client hears so", async () => {
    const service = new ServiceBuilder()
      .layer(limitBody(1_000))
      .serviceFn(async (request: Request) => new Response(await request.text()));
    await using server = await served(toFetchHandler(service));
    const stream = (size: number) =>
      Readable.toWeb(Readable.from([Buffer.alloc(size, "a")])) as ReadableStream<Uint8Array>;
    const post = (size: number) => fetch(server.url, { method: "POST", body: stream(size), duplex: "half" });
    const whole = await post(1_000);
    expect([whole.status, (await whole.text()).length]).toEqual([200, 1_000]);
    expect((await post(1_001)).status).toBe(413);
    const declared = await fetch(server.url, { method: "POST", body: "a".repeat(1_001) });
    expect(declared.status).toBe(413);
  });
});
