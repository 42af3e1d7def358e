/** Follows the handler of one request: when it settles, and its failure. */
export class FollowedHandler {
  /** Settles with the handler; where the handler is not followed, with the answer: see {@link endWith}. */
  readonly settled: Promise<void>;
  /** Whether the guard has answered: the result of the handler is not used. */
  over = false;
  /** Whether an answer has been given to Fastify. Its hooks may still run. */
  sending = false;
  private resolve!: () => void;
  private reject!: (error: unknown) => void;
  private running = false;
  private failure: { readonly error: unknown; readonly answered: boolean } | undefined;

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Settles as `answer` does, unless the handler is followed. */
  endWith(answer: Promise<unknown>): void {
    answer.then(
      () => {
        if (!this.running) this.resolve();
      },
      (reason) => {
        if (this.running) return;
        // The client of a request that still waited has left: nobody follows it.
        this.settled.catch(() => {});
        this.reject(reason);
      },
    );
  }

  /**
   * Runs the handler, and follows its promise.
   *
   * @param reply what to return where there is nothing left to send
   * @param answer answers a failure, and returns whether it did
   */
  run(handler: () => unknown, reply: unknown, answer: (error: unknown) => boolean): unknown {
    const failed = (error: unknown): unknown => {
      const answered = this.over || answer(error);
      this.failure = { error, answered };
      this.reject(error);
      if (answered) return reply;
      throw error;
    };
    let result: unknown;
    try {
      result = handler();
    } catch (error) {
      return failed(error);
    }
    if (!isThenable(result)) {
      // It answers later, by `reply.send`: its work until then cannot be followed.
      return result;
    }
    this.running = true;
    return result.then((value) => {
      this.resolve();
      return this.over ? reply : value;
    }, failed);
  }

  /** Whether the handler failed with `error`: "answered" or "left"; undefined where it did not. */
  failedWith(error: unknown): "answered" | "left" | undefined {
    if (this.failure === undefined || this.failure.error !== error) return undefined;
    return this.failure.answered ? "answered" : "left";
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}
