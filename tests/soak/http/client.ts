import { connect, type Socket } from "node:net";

/** A client by hand, for what no library would send. */
export class Client implements Disposable {
  readonly socket: Socket;
  heard = "";
  closed = false;

  constructor(port: number, reads = true) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => {}); // A reset is one way in which a server closes.
    this.socket.on("close", () => (this.closed = true));
    if (reads) this.socket.setEncoding("latin1").on("data", (text: string) => (this.heard += text));
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Sends what never ends, until nobody takes any more. */
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

/** So many clients, which are gone when `run` is over. */
export async function together<Result>(count: number, open: () => Client, run: (clients: Client[]) => Promise<Result>) {
  const clients = Array.from({ length: count }, open);
  try {
    return await run(clients);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}
