// The clients of questions/http.ts and guard.ts, in a process of its own: connections that ask again as soon as they are answered. The
// requests are bytes made beforehand, and of an answer its status and length are read, so that the clients are not what is measured.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What a round has seen. */
export interface Load {
  readonly answered: number;
  /** The statuses of the answers. */
  readonly statuses: readonly number[];
}

const [port] = process.argv.slice(2).map(Number);
const connections = 32;
const question = Buffer.from("GET /items/1 HTTP/1.1\r\nhost: localhost\r\n\r\n");

let open = false;
let answered = 0;
const statuses = new Set<number>();

async function client(): Promise<Socket> {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    const head = received.indexOf("\r\n\r\n");
    if (head === -1 || received.length < head + 4 + lengthIn(received)) return;
    statuses.add(Number(received.slice(9, 12)));
    received = "";
    answered++;
    if (open) socket.write(question);
  });
  return socket;
}

/** Heads differ in length: one says how much of a rate is left. */
function lengthIn(answer: string): number {
  return Number(/content-length: (\d+)/i.exec(answer)?.[1]);
}

const sockets: Socket[] = [];
for (let index = 0; index < connections; index++) sockets.push(await client());

process.on("message", (ms: number) => {
  open = true;
  answered = 0;
  statuses.clear();
  for (const socket of sockets) socket.write(question);
  setTimeout(() => {
    open = false;
    const seen: Load = { answered, statuses: [...statuses] };
    // What is on its way arrives before the next round.
    setTimeout(() => process.send?.(seen), 20);
  }, ms);
});
process.once("disconnect", () => process.exit());
process.send?.(0);
