import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Server as NetServer, type Socket } from "node:net";

/** A server on a free port of loopback, which is closed at the end of a block that uses it. */
export interface Loopback extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function listen(server: NetServer): Promise<Loopback> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = server.listening ? once(server, "close") : undefined;
      server.close();
      (server as Server).closeAllConnections?.();
      await closed;
    },
  };
}

/** A client by hand, for what no library would send. */
export interface Wire extends Disposable {
  readonly socket: Socket;
  send(text: string): void;
  /** What came so far. */
  readonly received: string;
  /** Waits until `part` has come; rejects where the connection ends before. */
  until(part: string | RegExp): Promise<string>;
  /** Waits until the server has closed the connection, however. */
  closed(): Promise<string>;
}

/** @param allowHalfOpen whether it goes on when the server has closed its side */
export async function wire(port: number, allowHalfOpen = false): Promise<Wire> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
  await once(socket, "connect");
  let received = "";
  let isClosed = false;
  socket.setEncoding("latin1");
  let changed = (): void => {};
  socket.on("data", (text: string) => {
    received += text;
    changed();
  });
  // A reset is one way in which a server closes.
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
    changed();
  });
  const ended = new Promise((resolve) => socket.once("close", resolve));
  const change = (): Promise<void> => new Promise((resolve) => (changed = resolve));
  const has = (part: string | RegExp): boolean =>
    typeof part === "string" ? received.includes(part) : part.test(received);
  return {
    socket,
    send: (text) => void socket.write(text, "latin1"),
    get received() {
      return received;
    },
    async until(part) {
      while (!has(part)) {
        if (isClosed) throw new Error(`The connection is closed; received ${JSON.stringify(received)}`);
        await change();
      }
      return received;
    },
    async closed() {
      if (!isClosed) await ended;
      return received;
    },
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}

/** Waits, without a time, until something holds: a turn of the event loop at a time. The test's own time limit ends it. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
