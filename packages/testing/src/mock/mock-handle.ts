import type { CallOptions } from "@sluice/core";

/** A call that reached a mock service. It is in flight until it is answered; the first answer counts. */
export interface MockRequest<out Req, in Res> {
  /** What was asked. */
  readonly request: Req;
  /** What the layers further out passed down: `signal`, `deadline`, `waitUntil`. */
  readonly options: CallOptions;
  /** Whether it has been answered. */
  readonly answered: boolean;
  /** Answers. The response is on its way as soon as this returns. */
  readonly respond: (response: Res) => void;
  /** Fails the call. */
  readonly fail: (error: unknown) => void;
}

/** The other end of a mock service. */
export interface MockHandle<out Req, in Res> {
  /** How many more may be reserved: Infinity at first. A permit that is released gives its share back, a call does not. */
  readonly allowed: number;
  /** Permits held, neither called nor released. */
  readonly reserved: number;
  /** Callers who wait to reserve. */
  readonly waiting: number;
  /** Calls in flight. */
  readonly active: number;
  /** Calls that arrived, from the beginning. */
  readonly calls: number;
  /** Permits that were released unused, from the beginning. */
  readonly released: number;
  /**
   * Sets how many more may be reserved, whatever it was; those who wait are served in order.
   *
   * @param count a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when it is none
   */
  allow(count: number): void;
  /** The next call, in the order they arrived; waits for it when there is none. Each is handed out once. */
  nextRequest(): Promise<MockRequest<Req, Res>>;
  /** @throws Error when a call has arrived that nobody took */
  expectNoRequest(): void;
  /**
   * Readiness fails, once: for all who wait, or, when nobody does, for the next one to ask. `ready` then rejects, and
   * `tryReady` throws, with `error` itself.
   */
  sendFailure(error: unknown): void;
}
