import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type AddressInfo, connect } from "node:net";
import { type Service, serviceFn } from "@sluice/core";
import { afterEach, expect, test } from "vitest";
import { reconnect } from "../src/index.ts";

/*
 * Real sockets, on loopback: a server that answers each line with the same line, and can be stopped and started at its port.
 */
const sockets = new Set<Socket>();
let server: Server | undefined;

async function start(port = 0): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function stop(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  if (server?.listening) await new Promise((resolve) => server!.close(resolve));
}

afterEach(stop);

class Closed extends Error {
  override readonly name = "Closed";
}

/** A connection on which one line is asked after the other: enough for a test. */
async function dial(port: number, opened: Socket[]): Promise<Service<string, string>> {
  const socket = connect({ port, host: "127.0.0.1" });
  opened.push(socket);
  await once(socket, "connect");
  socket.on("error", () => {});
  return serviceFn(
    (line: string) =>
      new Promise<string>((resolve, reject) => {
        const lost = (): void => reject(new Closed());
        if (socket.destroyed) lost();
        socket.once("close", lost);
        socket.once("data", (data) => {
          socket.off("close", lost);
          resolve(data.toString());
        });
        socket.write(line);
      }),
  );
}

test("a client of a real server that restarts is connected again, and leaves no socket open", async () => {
  const port = await start();
  const opened: Socket[] = [];
  let closed = 0;
  const service = reconnect(() => dial(port, opened), {
    isBroken: (failure) => failure instanceof Closed,
    backoff: { next: () => ({ delay: 1, state: undefined }) },
    close: () => closed++,
  });
  expect(await service.call("one")).toBe("one");
  await stop();
  await expect(service.call("lost")).rejects.toBeInstanceOf(Closed);
  await expect(service.call("refused")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(service.state).toBe("backing-off");
  await start(port);
  expect(await service.call("two")).toBe("two");
  expect(service).toMatchObject({ state: "connected", attempts: 3, failures: 1, breaks: 1, active: 0, waiting: 0 });
  expect(closed).toBe(1);
  opened.at(-1)!.destroy();
  expect(opened.every(({ destroyed }) => destroyed)).toBe(true);
});
