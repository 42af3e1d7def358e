import { serviceFn } from "@sluice/core";
import { type Deferred, deferred } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { type Reconnect, reconnect, type ReconnectOptions } from "../../src/index.ts";

/** What shows that a connection is broken. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** A server, to which the test connects by hand. */
export class Server {
  readonly clock: VirtualClock = new VirtualClock();
  /** Attempts that are under way or were. */
  readonly attempts: Deferred<void>[] = [];
  /** Calls, by their connection's number from 1. */
  readonly calls: { readonly connection: number; readonly request: string; readonly answer: Deferred<string> }[] = [];

  /** A service behind it. Its backoff is 100 ms, 200 ms, 400 ms. */
  reconnect(options: ReconnectOptions = {}): Reconnect<string, string> {
    return reconnect(() => this.connect(), {
      isBroken: (failure) => failure instanceof Lost,
      backoff: { next: (delay: number = 100) => ({ delay, state: delay * 2 }) },
      clock: this.clock,
      ...options,
    });
  }

  /** Lets all settle that can. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** The latest attempt succeeds. */
  async accept(): Promise<void> {
    this.attempts.at(-1)!.resolve();
    await this.settle();
  }

  /** The latest attempt fails. */
  async refuse(reason: unknown): Promise<void> {
    this.attempts.at(-1)!.reject(reason);
    await this.settle();
  }

  /** The latest call fails. */
  async fail(reason: unknown): Promise<void> {
    this.calls.at(-1)!.answer.reject(reason);
    await this.settle();
  }

  /** The latest call is answered. */
  async answer(text = "hello"): Promise<void> {
    this.calls.at(-1)!.answer.resolve(text);
    await this.settle();
  }

  private async connect() {
    const attempt = deferred();
    const connection = this.attempts.push(attempt);
    await attempt.promise;
    return serviceFn((request: string) => {
      const answer = deferred<string>();
      this.calls.push({ connection, request, answer });
      return answer.promise;
    });
  }
}
