import { connect, type Socket } from "node:net";

/** A hand-written client, for requests that no library would send. */
export class Client implements Disposable {
  readonly socket: Socket;
  heard = "";
  closed = false;

  constructor(port: number, reads = true) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => {}); // A server may close by a reset.
    this.socket.on("close", () => (this.closed = true));
    if (reads) this.socket.setEncoding("latin1").on("data", (text: string) => (this.heard += text));
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Sends data without end, until the server takes no more. */
  pour(): this {
    const block = Buffer.alloc(65_536, "a");
    const more = (): void => {
      while (!this.socket.destroyed && this.socket.bytesWritten < 400_000_000 && this.socket.write(block)) {
        // Until the operating system takes no more.
      }
    };
    this.socket.on("drain", more);
    more();
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Opens `count` clients, and closes them at the end of `run`. */
export async function together<Result>(count: number, open: () => Client, run: (clients: Client[]) => Promise<Result>) {
  const clients = Array.from({ length: count }, open);
  try {
    return await run(clients);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}
