import { Agent, request } from "node:http";

/** What a backend answered. */
export interface BackendAnswer {
  readonly status: number;
  readonly body: string;
}

export interface Question {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The HTTP client of a gateway, the same for both: kept-alive connections, and no more than `max` at a time, for a
 * process has only so many (descriptors, threads, ports). Whoever finds none free waits in turn. A signal that aborts
 * ends the wait and the exchange at once.
 */
export class Connections {
  readonly max: number;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 64 });
  /** A set keeps the order in which its members came, and forgets one from the middle as fast as the first. */
  private readonly line = new Set<() => void>();
  private readonly ports = new Map<number, { active: number; waiting: number }>();
  private busy = 0;

  constructor(max: number) {
    this.max = max;
  }

  get active(): number {
    return this.busy;
  }

  get waiting(): number {
    return this.line.size;
  }

  /** What is going on with one backend. */
  at(port: number): { active: number; waiting: number } {
    let load = this.ports.get(port);
    if (load === undefined) this.ports.set(port, (load = { active: 0, waiting: 0 }));
    return load;
  }

  ask(question: Question, signal: AbortSignal | undefined): Promise<BackendAnswer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const load = this.at(question.port);
      const exchange = () => {
        this.busy++;
        load.active++;
        void this.exchange(question, signal)
          .finally(() => {
            load.active--;
            this.free();
          })
          .then(resolve, reject);
      };
      const start = () => {
        signal?.removeEventListener("abort", leave);
        load.waiting--;
        exchange();
      };
      const leave = () => {
        this.line.delete(start);
        load.waiting--;
        reject(signal?.reason);
      };
      if (this.busy < this.max) exchange();
      else {
        this.line.add(start);
        load.waiting++;
        signal?.addEventListener("abort", leave, { once: true });
      }
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private free(): void {
    this.busy--;
    for (const start of this.line) {
      this.line.delete(start);
      start();
      return;
    }
  }

  private exchange({ port, method, path, headers }: Question, signal: AbortSignal | undefined): Promise<BackendAnswer> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        reject(signal?.reason);
        sent.destroy();
      };
      const over = () => signal?.removeEventListener("abort", abort);
      const fail = (error: Error) => {
        over();
        reject(error);
      };
      const sent = request({ agent: this.agent, host: "127.0.0.1", port, method, path, headers }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("error", fail);
        response.on("end", () => {
          over();
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      sent.on("error", fail);
      signal?.addEventListener("abort", abort, { once: true });
      sent.end();
    });
  }
}
