import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy on loopback that makes a connection slow. `await using` closes it, with all of its connections. */
export interface SlowLink extends AsyncDisposable {
  readonly port: number;
  /** How long each chunk is delayed, in each direction: half of the addition to a round trip. ms; may be changed. */
  delay: number;
  /** Whether the server's answers are lost. */
  deaf: boolean;
  /** Breaks all connections. */
  cut(): void;
}

/** @param target the port of the server on loopback */
export async function slowLink(target: number, delay: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => {
        if (link.deaf && from === far) return;
        setTimeout(() => to.writable && to.write(chunk), link.delay);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => (sockets.delete(from), to.destroy()));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const link: SlowLink = {
    port: (server.address() as AddressInfo).port,
    delay,
    deaf: false,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return link;
}
