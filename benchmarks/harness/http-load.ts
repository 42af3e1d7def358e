// The clients of questions/http.ts, in a process of their own: connections that ask again as soon as they are answered. The
// requests are bytes made beforehand and the answers are counted by their length, so that the clients are not what is measured.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const [port] = process.argv.slice(2).map(Number);
const connections = 32;
const question = Buffer.from("GET /items/1 HTTP/1.1\r\nhost: localhost\r\n\r\n");

let open = false;
let answered = 0;
let length = 0;

async function client(): Promise<Socket> {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let received = 0;
  socket.on("data", (chunk) => {
    received += chunk.length;
    // All answers are equally long, and the first comes alone.
    if (length === 0) length = received;
    if (received < length) return;
    received = 0;
    answered++;
    if (open) socket.write(question);
  });
  return socket;
}

const sockets: Socket[] = [];
for (let index = 0; index < connections; index++) sockets.push(await client());

process.on("message", (ms: number) => {
  open = true;
  answered = 0;
  for (const socket of sockets) socket.write(question);
  setTimeout(() => {
    open = false;
    const seen = answered;
    // What is on its way arrives before the next round.
    setTimeout(() => process.send?.(seen), 20);
  }, ms);
});
process.once("disconnect", () => process.exit());
process.send?.(0);
