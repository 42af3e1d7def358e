// The clients of questions/http.ts and guard.ts, in a separate process: connections that send the next request as soon as they are
// answered. Requests are prepared bytes, and only the status and length of an answer are read, so that the clients take little of the
// measured time.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const [port] = process.argv.slice(2).map(Number);
const connections = 32;
const question = Buffer.from("GET /items/1 HTTP/1.1\r\nhost: localhost\r\n\r\n");

/** How many requests are still to be sent, and how many are in flight. */
let left = 0;
let asked = 0;
const statuses = new Set<number>();

function ask(socket: Socket): void {
  left--;
  asked++;
  socket.write(question);
}

async function client(): Promise<Socket> {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    if (!isWhole(received)) return;
    statuses.add(Number(received.slice(9, 12)));
    received = "";
    asked--;
    if (left > 0) ask(socket);
    else if (asked === 0) process.send?.([...statuses]);
  });
  return socket;
}

/** Found by `Content-Length`, for heads differ: one says how much of a rate is left. Without that header it has chunks. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf("\r\n\r\n");
  if (head === -1) return false;
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  return length === undefined ? answer.endsWith("\r\n0\r\n\r\n") : answer.length >= head + 4 + Number(length);
}

const sockets: Socket[] = [];
for (let index = 0; index < connections; index++) sockets.push(await client());

// Gets the number of requests, and returns the statuses of their answers.
process.on("message", (count: number) => {
  left = count;
  statuses.clear();
  for (const socket of sockets) ask(socket);
});
process.once("disconnect", () => process.exit());
process.send?.(0);
