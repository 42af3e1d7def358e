import { middleware, ServiceBuilder } from "@sluice/core";
import { buffer } from "@sluice/buffer";
import { concurrencyLimit } from "@sluice/limit";
import { deferred, unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { harden, isClientGoneError } from "../src/node/index.ts";
import { frameworks } from "./helper/frameworks.ts";
import { eventually, listen, wire } from "./helper/loopback.ts";

const hello = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

describe.each(Object.entries(frameworks))("in front of %s", (name, make) => {
  test("promise 5: a refused upload is not read on, behind harden", async () => {
    const server = await make(new ServiceBuilder().layer(concurrencyLimit(0)), {}, async () => "ok");
    const counters = harden(server, { lingerTimeout: 100 });
    let read = 0;
    server.on("connection", (socket) => socket.once("close", () => (read = socket.bytesRead)));
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 400000000\r\n\r\n");
    for (let n = 0; n < 500; n++) client.socket.write(Buffer.alloc(65_536));
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 503/);
    await eventually(() => counters.connections === 0);
    expect(read).toBeLessThan(1_000_000);
  });

  test("promise 6: the client's leaving aborts the signal, also after the body was read", async () => {
    const limit = concurrencyLimit(1);
    let seen: AbortSignal | undefined;
    const server = await make(new ServiceBuilder().layer(limit), {}, async ({ body, signal }) => {
      await body();
      seen = signal;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return "late";
    });
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello");
    await eventually(() => seen !== undefined);
    expect(seen?.aborted).toBe(false);
    client.socket.destroy();
    await eventually(() => seen?.aborted === true && limit.active === 0);
    // The signal of Hono's request is its adapter's.
    expect(isClientGoneError(seen?.reason)).toBe(name === "Fastify");
  });

  test("promise 7: a limit of 1 never has 2 running, whoever leaves", async () => {
    const limit = concurrencyLimit(1);
    const release = deferred();
    let begun = 0;
    const server = await make(new ServiceBuilder().layer(limit), {}, async () => {
      begun++;
      await release.promise;
      return "done";
    });
    await using at = await listen(server);
    using client = await wire(at.port);
    client.send(hello);
    await eventually(() => begun === 1);
    client.socket.destroy();
    await eventually(() => client.socket.closed);
    expect((await fetch(at.url)).status).toBe(503);
    expect([begun, limit.active]).toEqual([1, 1]);
    release.resolve();
    await eventually(() => limit.active === 0);
  });

  test("promise 9: a time-out is answered in time, and what comes after it reaches nobody", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(2, { clock });
    const release = deferred();
    const signals: AbortSignal[] = [];
    const stack = new ServiceBuilder().layer(limit).layer(timeout({ call: 100, clock }));
    const server = await make(stack, {}, async ({ path, signal }) => {
      signals.push(signal);
      await release.promise;
      if (path === "/fails") throw new Error("late");
      return "late";
    });
    await using at = await listen(server);
    const answers = [fetch(`${at.url}/answers`), fetch(`${at.url}/fails`)];
    await eventually(() => signals.length === 2);
    await clock.advance(100);
    const responses = await Promise.all(answers);
    expect(responses.map(({ status, headers }) => [status, headers.get("connection")])).toEqual([
      [504, "close"],
      [504, "close"],
    ]);
    expect(await responses[0]?.json()).toMatchObject({ status: 504 });
    expect(signals.every(({ reason }) => isTimeoutError(reason))).toBe(true);
    expect(limit.active).toBe(2);
    const reported = await unhandledIn(async () => {
      release.resolve();
      await eventually(() => limit.active === 0);
    });
    expect(reported).toEqual([]);
  });

  test("promise 10: a failure of readiness is answered as one of the call is", async () => {
    const queue = buffer({ capacity: 1 });
    await using at = await listen(await make(new ServiceBuilder().layer(queue), {}, async () => "never"));
    queue.close();
    const { status, headers } = await fetch(at.url);
    expect([status, headers.get("content-type")?.split(";")[0]]).toEqual([503, "application/problem+json"]);
  });

  test("promise 10: what a handler fails with whose client has left is nobody's failure", async () => {
    const limit = concurrencyLimit(1);
    const heard: unknown[] = [];
    const options = { onError: (error: unknown) => heard.push(error) };
    const server = await make(new ServiceBuilder().layer(limit), options, async ({ signal }) => {
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("broken off"))));
      return "never";
    });
    await using at = await listen(server);
    using client = await wire(at.port);
    const reported = await unhandledIn(async () => {
      client.send(hello);
      await eventually(() => limit.active === 1);
      client.socket.destroy();
      await eventually(() => limit.active === 0);
    });
    expect([heard, reported]).toEqual([[], []]);
  });

  test("promise 11: the client's time arrives as the deadline; without a header to look at, nothing does", async () => {
    const clock = new VirtualClock(1_000);
    const seen: unknown[] = [];
    const look = middleware("look", (request, next, options) => {
      seen.push(options.deadline);
      return next(request, options);
    });
    const asked = async (options: object, times: readonly string[]) => {
      await using at = await listen(await make(new ServiceBuilder().layer(look), options, async () => "ok"));
      const statuses: number[] = [];
      for (const time of times) statuses.push((await fetch(at.url, { headers: { "x-timeout-ms": time } })).status);
      return statuses;
    };
    expect(await asked({ clock }, ["250", "0", "x"])).toEqual([200, 504, 200]);
    expect(await asked({ clock, timeoutHeader: false }, ["250", "0"])).toEqual([200, 200]);
    expect(seen).toEqual([1_250, undefined, undefined, undefined]);
  });
});
