import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Whether the server closes the connection after it. */
  readonly last: boolean;
}

/**
 * A keep-alive connection for one request at a time. It reads answers with a `Content-Length`, as all short ones of the soak have.
 * Unrequested bytes, and connections that end in the middle, are faults.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #fault: (what: string) => void;
  #received = "";
  #answered: ((answer: Answer | undefined) => void) | undefined;

  private constructor(socket: Socket, fault: (what: string) => void) {
    this.#socket = socket;
    this.#fault = fault;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("close", () => {
      if (this.#answered === undefined) return;
      this.#answered(undefined);
      this.#answered = undefined;
    });
  }

  static async open(port: number, fault: (what: string) => void): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("error", ({ message }) => fault(message));
    await once(socket, "connect");
    return new Connection(socket, fault);
  }

  /** Sends a request. Returns undefined where the connection ends before the answer has come. */
  ask(path: string): Promise<Answer | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const answered = this.#answered;
    if (answered === undefined) return this.#fault("an answer that nobody asked for");
    this.#received += text;
    const head = this.#received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const fields = this.#received.slice(0, head);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(fields)?.[1]);
    const body = this.#received.slice(head + 4);
    if (body.length < length) return;
    if (body.length > length) this.#fault("more than one answer");
    this.#received = "";
    this.#answered = undefined;
    const last = /\r\nconnection: close/i.test(fields);
    answered({ status: Number(fields.slice(9, 12)), body: body.slice(0, length), last });
  }
}
