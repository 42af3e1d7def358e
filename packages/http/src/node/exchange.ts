import type { CallOptions, HandlerOptions } from "@sluice/core";
import { abortReason, abortWith, ownController, promiseOf } from "@sluice/core/kit";
import { ClientGoneError } from "./client-gone-error.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { onClose } from "./node-response.ts";

/** The property of a request with its exchange: it costs less than an entry in a weak map. */
const key = Symbol.for("@sluice/http/exchange");

/** Does the work for a request, which ends with its return value or error. */
export type Work = (options: HandlerOptions) => unknown;

/** A request and its response, from the guard until the response has closed and the work has settled. */
export class Exchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  /**
   * Settles when the response has closed: with it, or with the reason of the signal where its client left before the answer was written.
   * Work of a middleware, of which nothing else is known, ends so.
   */
  readonly answered: Promise<NodeResponse>;
  /** Aborts when the client leaves; in the work, also when a layer of this guard or an outer one gives up on it. */
  signal: AbortSignal;
  /** The deadline: at first that of an outer guard, in the work that of the call. */
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
    this.answered = new Promise((resolve, reject) => {
      onClose(response, () => {
        // `writableFinished` is also true of a stream that the client of HTTP/2 has cancelled.
        if (!response.writableEnded) this.gone();
        this.isClosed = true;
        if (this.isGone) reject(abortReason(this.signal.aborted ? this.signal : this.controller.signal));
        else resolve(response);
      });
    });
    // The work may have failed before: then nobody waits for it.
    this.answered.catch(() => {});
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
      // The failure is known immediately; limits keep their permits until its answer has been sent.
      options.waitUntil?.(this.answered);
      throw error;
    };
    try {
      return promiseOf(this.work(options)).then(() => (this.isClosed ? this.response : this.answered), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /**
   * The error of a call that has succeeded with another response, and without the work: nothing would ever answer this request. Undefined
   * where that is not so; a layer may have written to this response itself.
   */
  unanswered(answer: unknown): TypeError | undefined {
    if (this.begun || answer === this.response) return undefined;
    return new TypeError(
      "guard: the handler must be called for each request; a layer such as coalesce answered with the response of another. Put it around the calls that the handler makes.",
    );
  }

  /** The options of a call: with the client's deadline, or that of an outer guard where it is earlier. */
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

/** The exchange of a request that has passed a guard; undefined for any other. */
export function exchangeOf(request: object): Exchange | undefined {
  return (request as { readonly [key]?: Exchange })[key];
}

/**
 * The signal of a request that has passed a guard.
 *
 * @throws TypeError when it has passed no guard
 */
export function signalIn(request: object | null | undefined): AbortSignal {
  const exchange = typeof request === "object" && request !== null ? exchangeOf(request) : undefined;
  if (exchange !== undefined) return exchange.signal;
  throw new TypeError("signalOf: request must have passed a guard; received one that has not");
}
