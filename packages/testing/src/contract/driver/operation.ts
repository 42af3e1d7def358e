import type { CallOptions, Permit, ReadyOptions } from "@sluice/core";
import { WatchedSignal } from "./watched-signal.ts";

/**
 * A deadline that is never due; each operation adds its id. So the inner service can tell from `options.deadline` whose call arrived,
 * without a further option that a layer would have to pass on.
 */
const farOff = 1e12;

/** A deadline that is never due, and belongs to no operation. */
export const nobodysDeadline: number = farOff - 1;

/** The id of the operation that a far-off deadline belongs to; undefined for any other deadline. */
export function ownerOf(deadline: number | undefined): number | undefined {
  return deadline !== undefined && deadline >= farOff ? deadline - farOff : undefined;
}

/** One asynchronous request of a client to the service: for readiness (`ready`), or a call (`service.call`, `permit.call`). */
export class Operation {
  /** Its number in the report: `#0`. Also its async context. */
  readonly id: number;
  readonly kind: "ready" | "call";
  readonly request: unknown;
  /** Whether the service knew the request when it was asked. False for a blind one, and for a call on a permit for another request. */
  readonly told: boolean;
  readonly watched: WatchedSignal = new WatchedSignal();
  readonly deadline: number;
  /** Whether its promise is pending, fulfilled or rejected. */
  state: "open" | "kept" | "failed" = "open";
  /** What its promise rejected with. */
  failure: unknown;
  /** Whether it was still pending when all microtasks had last run, so that it waits for something. */
  waiting = false;
  /** Whether it was started while grants were on their way through the microtask queue, so that its place in line is not known. */
  hasty = false;
  /** Whether it was called without options: it cannot be aborted, and no work can be registered with it. */
  bare = false;
  /** Promises registered with its `waitUntil` that have not settled. */
  pendingWork = 0;
  private aborts: Error | undefined;

  constructor(id: number, kind: "ready" | "call", request: unknown, told: boolean) {
    this.id = id;
    this.kind = kind;
    this.request = request;
    this.told = told;
    this.deadline = farOff + id;
  }

  /** The abort reason of its signal. Made when it is needed: an error takes a stack trace, and few operations abort. */
  get reason(): Error {
    return (this.aborts ??= new Error(`abort of #${this.id}`));
  }

  get open(): boolean {
    return this.state === "open";
  }

  get aborted(): boolean {
    return this.watched.signal.aborted;
  }

  /** Whether it is known to wait in a line: it waited for readiness when all microtasks had run, and is still pending. */
  get inLine(): boolean {
    return this.kind === "ready" && this.waiting && this.open && !this.aborted;
  }

  /** The options of its `ready`. */
  get readyOptions(): ReadyOptions<unknown> {
    const { deadline, watched } = this;
    return { request: this.told ? this.request : undefined, signal: watched.signal, deadline };
  }

  /**
   * The options of its call.
   *
   * @param late called when work is registered with `waitUntil` after the answer while no earlier work is pending
   */
  callOptions(late: () => void): CallOptions {
    const waitUntil = (work: Promise<unknown>): void => {
      // Work that was registered in time may register more, which comes after the answer.
      if (!this.open && this.pendingWork === 0) late();
      this.pendingWork++;
      const over = (): void => {
        this.pendingWork--;
      };
      work.then(over, over);
    };
    return { signal: this.watched.signal, deadline: this.deadline, waitUntil };
  }
}

/** A permit that a client has reserved. */
export interface Held {
  readonly permit: Permit<unknown, unknown>;
  /** The request that it was reserved for; for a blind one, the request that it is spent on by default. */
  readonly request: unknown;
  /** Whether the service knew that request; false for a blind one. */
  readonly told: boolean;
}
