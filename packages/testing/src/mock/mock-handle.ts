import type { CallOptions } from "@sluice/core";

/** A call that reached a mock service. It is in flight until it is answered; the first answer counts. */
export interface MockRequest<out Req, in Res> {
  /** The request. */
  readonly request: Req;
  /** The options that arrived: `signal`, `deadline`, `waitUntil`, as the layers outside passed them on. */
  readonly options: CallOptions;
  /** Whether it has been answered. */
  readonly answered: boolean;
  /** Answers the call. Settles its promise synchronously. */
  readonly respond: (response: Res) => void;
  /** Fails the call. Settles its promise synchronously. */
  readonly fail: (error: unknown) => void;
}

/** Controls a mock service. */
export interface MockHandle<out Req, in Res> {
  /** How many more permits may be reserved: Infinity at first. A release adds one again, a call does not. */
  readonly allowed: number;
  /** Permits that are held: neither spent nor released. */
  readonly reserved: number;
  /** Callers that wait for a permit. */
  readonly waiting: number;
  /** Calls in flight. */
  readonly active: number;
  /** Calls that arrived in all. */
  readonly calls: number;
  /** Permits that were released unused in all. */
  readonly released: number;
  /**
   * Sets how many more permits may be reserved. Waiting callers are served in order.
   *
   * @param count a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when `count` is not
   */
  allow(count: number): void;
  /** A promise of the next call, in order of arrival. Each call is returned once. */
  nextRequest(): Promise<MockRequest<Req, Res>>;
  /** @throws Error when a call has arrived that `nextRequest` has not returned */
  expectNoRequest(): void;
  /**
   * Fails readiness once: for all waiting callers, or, when none waits, for the next one to ask. `ready` rejects with `error` itself, and
   * `tryReady` throws it.
   */
  sendFailure(error: unknown): void;
}
