import { once } from "node:events";
import type { RequestListener } from "node:http";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { createServer } from "node:https";
import { connect as connectNet, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { drain, guard, harden, type HardenOptions } from "../../src/node/index.ts";
import { eventually, listen } from "../helper/loopback.ts";

// A key that both sides know, in the place of a certificate.
const psk = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const shared = { ciphers: "PSK", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

function hardened(listener: RequestListener, options: HardenOptions = {}) {
  const server = createServer({ ...shared, pskCallback: () => psk, pskIdentityHint: "test" }, listener);
  return { server, counters: harden(server, options) };
}

async function client(port: number) {
  const socket: TLSSocket = connect({
    ...shared,
    port,
    host: "127.0.0.1",
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  await once(socket, "secureConnect");
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => (received += text));
  socket.on("error", () => {});
  return { socket, received: () => received };
}

test("promise 5: a refused upload is not read on over TLS, and its client hears the answer", async () => {
  const full = guard(new ServiceBuilder().layer(concurrencyLimit(0)));
  const { server, counters } = hardened(
    full.handle(() => {}),
    { lingerTimeout: 100 },
  );
  await using at = await listen(server);
  const { socket, received } = await client(at.port);
  socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 400000000\r\n\r\n");
  for (let n = 0; n < 500; n++) socket.write(Buffer.alloc(65_536));
  await eventually(() => socket.closed && counters.connections === 0);
  expect(received()).toMatch(/^HTTP\/1\.1 503/);
  expect(counters.lingering).toBe(0);
});

describe("a client over TLS", () => {
  const large = async () => {
    const clock = new VirtualClock();
    const { server, counters } = hardened((_request, response) => response.end(Buffer.alloc(80_000_000)), {
      sendTimeout: 1_000,
      clock,
    });
    const at = await listen(server);
    const { socket } = await client(at.port);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    return { clock, counters, at, socket };
  };
  const turns = async (): Promise<void> => {
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
  };

  test("that reads slowly goes on (seen: cut in the middle of a download)", async () => {
    const { clock, counters, at, socket } = await large();
    await using _ = at;
    for (let n = 0; n < 5; n++) {
      const before = socket.bytesRead;
      socket.resume();
      await eventually(() => socket.bytesRead > before + 3_000_000 || socket.closed);
      socket.pause();
      await turns();
      await clock.advance(1_000);
    }
    expect([counters.stalled, socket.closed]).toEqual([0, false]);
    socket.destroy();
  });

  test("that never reads is dropped", async () => {
    const { clock, counters, at, socket } = await large();
    await using _ = at;
    while (counters.stalled === 0) {
      await turns();
      await clock.advance(1_000);
    }
    await eventually(() => counters.connections === 0);
    expect(counters.stalled).toBe(1);
    socket.destroy();
  });
});

test("promise 14: drain answers what is in flight over TLS, and idle connections go at once", async () => {
  let finish: () => void = () => {};
  const { server, counters } = hardened((_request, response) => {
    finish = () => response.end("done");
  });
  await using at = await listen(server);
  const [idle, busy] = [await client(at.port), await client(at.port)];
  busy.socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await eventually(() => String(finish) !== "() => {}" && counters.connections === 2);
  const drained = drain(server);
  await eventually(() => idle.socket.closed);
  finish();
  await eventually(() => busy.socket.closed);
  expect(busy.received()).toMatch(/connection: close[^]*done/i);
  expect(await drained).toEqual({ forced: false });
});

test("promise 14: a session of HTTP/2 whose handshake ends after the drain has begun is closed, and not waited for", async () => {
  const server = createSecureServer(
    { ...shared, pskCallback: () => psk, pskIdentityHint: "test" },
    (_request, response) => response.end("done"),
  );
  const counters = harden(server);
  await using at = await listen(server);
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const encrypted = connect({
    ...shared,
    port: at.port,
    host: "127.0.0.1",
    ALPNProtocols: ["h2"],
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  const [accepted] = await accepting;
  await eventually(() => accepted.bytesRead > 0);
  expect(counters.connections).toBe(0);
  const drained = drain(server);
  await once(encrypted, "secureConnect");
  const session = connectHttp2("https://localhost", { createConnection: () => encrypted });
  await once(session, "close");
  expect(await drained).toEqual({ forced: false });
  expect(counters.connections).toBe(0);
});

describe("promise 14: a connection whose TLS handshake has not ended", () => {
  const open = async () => {
    const { server } = hardened((_request, response) => response.end("done"));
    const at = await listen(server);
    const socket = connectNet(at.port, "127.0.0.1");
    socket.on("error", () => {});
    const [[accepted]] = (await Promise.all([once(server, "connection"), once(socket, "connect")])) as [
      [Socket],
      unknown,
    ];
    return { server, socket, accepted, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
  };

  test("goes at once where nothing has come", async () => {
    await using opened = await open();
    const { server, socket } = opened;
    const closed = once(socket, "close");
    expect(await drain(server)).toEqual({ forced: false });
    await closed;
  });

  test("is cut after within where it has begun", async () => {
    const clock = new VirtualClock();
    await using opened = await open();
    const { server, socket, accepted } = opened;
    const closed = once(socket, "close");
    socket.write(Buffer.from([0x16, 3, 1])); // the first bytes of a handshake
    await eventually(() => accepted.bytesRead > 0);
    const drained = drain(server, { within: 1_000, clock });
    await clock.advance(1_000);
    expect(await drained).toEqual({ forced: true });
    await closed;
  });
});
