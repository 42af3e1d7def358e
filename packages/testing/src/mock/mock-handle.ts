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
  /** How many more may be reserved: Infinity at first. A permit that is released gives its share back, a call does not. */
  readonly allowed: number;
  /** Permits held, neither called nor released. */
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
   * Sets how many more may be reserved. Callers that wait are served in order.
   *
   * @param count a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when it is none
   */
  allow(count: number): void;
  /** A promise of the next call, in order of arrival. Each call is handed out once. */
  nextRequest(): Promise<MockRequest<Req, Res>>;
  /** @throws Error when a call has arrived that `nextRequest` has not handed out */
  expectNoRequest(): void;
  /**
   * Fails readiness once: for all callers that wait, or, when nobody waits, for the next one to ask. `ready` rejects, and `tryReady`
   * throws, with `error` itself.
   */
  sendFailure(error: unknown): void;
}
