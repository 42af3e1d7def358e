import { once } from "node:events";
import { connect } from "node:net";

/** A reply of a server, in RESP 2. */
export type Reply = string | number | null | readonly Reply[] | RespError;

/** A server's error reply. */
export class RespError extends Error {
  override readonly name = "RespError";
}

/** A plain connection to a server: it sends commands, and does not reconnect. */
export interface RespClient extends Disposable {
  /** Rejects with a {@link RespError} where the server answers with one, and when the connection is lost before the reply. */
  send(args: readonly string[]): Promise<Reply>;
}

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** Connects to a server on loopback. */
export async function respClient(port: number): Promise<RespClient> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const pending: Pending[] = [];
  let read = Buffer.alloc(0);
  let lost: Error | undefined;
  const lose = (error: Error) => {
    lost ??= error;
    for (const { reject } of pending.splice(0)) reject(lost);
  };
  socket.on("error", lose);
  socket.on("close", () => lose(new Error("The connection was closed.")));
  socket.on("data", (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    for (let parsed = parse(read, 0); parsed !== undefined; parsed = parse(read, 0)) {
      read = read.subarray(parsed.end);
      const { resolve, reject } = pending.shift() as Pending;
      if (parsed.reply instanceof RespError) reject(parsed.reply);
      else resolve(parsed.reply);
    }
  });
  return {
    send: (args) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        pending.push({ resolve, reject });
        const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
        socket.write(`*${args.length}\r\n${parts.join("")}`);
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** The reply that begins at `start`, and its end; undefined where it is incomplete. */
function parse(bytes: Buffer, start: number): { readonly reply: Reply; readonly end: number } | undefined {
  const line = bytes.indexOf("\r\n", start);
  if (line < 0) return undefined;
  const text = bytes.toString("utf8", start + 1, line);
  const end = line + 2;
  switch (bytes.toString("latin1", start, start + 1)) {
    case "+":
      return { reply: text, end };
    case "-":
      return { reply: new RespError(text), end };
    case ":":
      return { reply: Number(text), end };
    case "$": {
      const length = Number(text);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { reply: bytes.toString("utf8", end, end + length), end: end + length + 2 };
    }
    default: {
      if (text === "-1") return { reply: null, end };
      const replies: Reply[] = [];
      let at = end;
      for (let rest = Number(text); rest > 0; rest--) {
        const next = parse(bytes, at);
        if (next === undefined) return undefined;
        replies.push(next.reply);
        at = next.end;
      }
      return { reply: replies, end: at };
    }
  }
}
