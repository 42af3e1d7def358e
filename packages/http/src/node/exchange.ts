import type { CallOptions, HandlerOptions } from "@sluice/core";
import { abortWith, ownController, promiseOf } from "@sluice/core/kit";
import type { Socket } from "node:net";
import { ClientGoneError } from "./client-gone-error.ts";
import { isHttp2, type NodeRequest, type NodeResponse } from "./node-http.ts";

/** Where a request has its exchange: a property costs less than an entry in a weak map. */
const key = Symbol.for("@sluice/http/exchange");

/** Begins the work for a request. What it returns or throws is how that ends. */
export type Work = (options: HandlerOptions) => unknown;

/** A request and its response, from the time at which a guard sees it until the response has closed and the work has settled. */
export class Exchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  /** Kept when the response has closed: it was sent, or its client left. */
  readonly closed: Promise<NodeResponse>;
  /** Aborts when the client leaves; in the work, also when a layer gives up on it, here or of a guard further out. */
  signal: AbortSignal;
  /** Until when an answer is of use, as a guard further out has it, and in the work as this one does. */
  deadline: number | undefined;
  /** Whether the client has left before its answer was written. */
  isGone = false;
  private readonly controller = ownController();
  private readonly work: Work;
  private begun = false;
  private isClosed = false;

  constructor(request: NodeRequest, response: NodeResponse, work: Work) {
    this.request = request;
    this.response = response;
    this.work = work;
    const outer = exchangeOf(request);
    this.signal = outer?.signal ?? this.controller.signal;
    this.deadline = outer?.deadline;
    (request as { [key]?: Exchange })[key] = this;
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        // `writableFinished` is also true of a stream that the client of HTTP/2 has cancelled.
        if (!response.writableEnded) this.gone();
        this.isClosed = true;
        resolve(response);
      };
      response.on("close", close);
      // One that waits for those before it, on a connection with pipelining, is not told when the connection closes.
      if (!isHttp2(response) && response.socket === null) onceClosed(request.socket, response, close);
    });
  }

  /** Begins the work, once. It lasts until the response has closed and the work has settled. */
  begin(options: HandlerOptions): Promise<NodeResponse> {
    if (this.begun) {
      return Promise.reject(
        new TypeError(
          "guard: the handler must be called once for each request, for a response is written once; a layer such as retry called it again. Put it around the calls that the handler makes.",
        ),
      );
    }
    this.begun = true;
    this.signal = options.signal ?? this.signal;
    this.deadline = options.deadline;
    const failed = (error: unknown): never => {
      // The failure is known at once; what limits hold, they hold until its answer has left.
      options.waitUntil?.(this.closed);
      throw error;
    };
    try {
      return promiseOf(this.work(options)).then(() => (this.isClosed ? this.response : this.closed), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** What a call is told: the client's deadline, or that of a guard further out where it is earlier. */
  options(deadline: number | undefined): CallOptions {
    return { signal: this.signal, deadline: earlier(deadline, this.deadline) };
  }

  private gone(): void {
    this.isGone = true;
    abortWith(this.controller, new ClientGoneError());
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** The exchange of a request that a guard has seen; undefined of any other. */
export function exchangeOf(request: object): Exchange | undefined {
  return (request as { readonly [key]?: Exchange })[key];
}

/**
 * The signal of a request that has passed a guard.
 *
 * @throws TypeError when it has passed none
 */
export function signalIn(request: object | null | undefined): AbortSignal {
  const exchange = typeof request === "object" && request !== null ? exchangeOf(request) : undefined;
  if (exchange !== undefined) return exchange.signal;
  throw new TypeError("signalOf: request must have passed a guard; received one that has not");
}

const waiting = new WeakMap<Socket, Map<NodeResponse, () => void>>();

/** Calls `close` when the socket closes before the response does. One listener serves all that wait on a connection. */
function onceClosed(socket: Socket, response: NodeResponse, close: () => void): void {
  let all = waiting.get(socket);
  if (all === undefined) {
    const each = (all = new Map());
    waiting.set(socket, all);
    socket.once("close", () => {
      for (const run of each.values()) run();
      each.clear();
    });
  }
  all.set(response, close);
  response.once("close", () => all.delete(response));
}
