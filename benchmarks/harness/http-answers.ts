// The server of questions/http-client.ts and balance.ts, in a separate process: it answers every request with prepared bytes, immediately
// or after the number of milliseconds in its argument.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

const body = JSON.stringify({ id: 1, name: "an item", tags: ["one", "of", "three"] });
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);

const delay = Number(process.argv[2] ?? 0);

const server = createServer((socket: Socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  // A single request without a body comes in one chunk.
  socket.on("data", () => (delay === 0 ? socket.write(answer) : setTimeout(() => socket.write(answer), delay)));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.once("disconnect", () => process.exit());
process.send?.((server.address() as AddressInfo).port);
