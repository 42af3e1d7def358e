import type { CallOptions, Permit, ReadyOptions } from "@sluice/core";
import { WatchedSignal } from "./watched-signal.ts";

/** A deadline that no layer has to care about, and that says whose it is. */
const farOff = 1e12;

/** Which errand a far-off deadline belongs to; undefined when it is another deadline. */
export function ownerOf(deadline: number | undefined): number | undefined {
  return deadline !== undefined && deadline >= farOff ? deadline - farOff : undefined;
}

/** Something that a caller asked of the service: readiness, or a call. */
export class Errand {
  readonly id: number;
  readonly kind: "ready" | "call";
  readonly request: unknown;
  /** Whether the service was told the request, or asked for readiness blindly. */
  readonly told: boolean;
  readonly watched: WatchedSignal = new WatchedSignal();
  /** What its signal aborts with. */
  readonly reason: Error;
  readonly deadline: number;
  state: "open" | "kept" | "failed" = "open";
  /** What it failed with. */
  failure: unknown;
  /** It was open when everything had come to rest: it waits. */
  waiting = false;
  /** Asked while grants were on their way, so that who is first is not known. */
  hasty = false;
  /** Called without options: it cannot be aborted. */
  bare = false;
  /** Works handed up on its behalf that go on. */
  works = 0;

  constructor(id: number, kind: "ready" | "call", request: unknown, told: boolean) {
    this.id = id;
    this.kind = kind;
    this.request = request;
    this.told = told;
    this.reason = new Error(`abort of #${id}`);
    this.deadline = farOff + id;
  }

  get open(): boolean {
    return this.state === "open";
  }

  get aborted(): boolean {
    return this.watched.signal.aborted;
  }

  /** Whether it waited for readiness when everything had come to rest, and was not heard of since. */
  get inLine(): boolean {
    return this.kind === "ready" && this.waiting && this.open && !this.aborted;
  }

  /** What it is asked for readiness with. */
  get readyOptions(): ReadyOptions<unknown> {
    const { deadline, watched } = this;
    return { request: this.told ? this.request : undefined, signal: watched.signal, deadline };
  }

  /** What it is called with. `late` is told of work that is handed up when the answer is out. */
  callOptions(late: () => void): CallOptions {
    const waitUntil = (work: Promise<unknown>): void => {
      // What goes on with work that was handed up in time may be handed up too.
      if (!this.open && this.works === 0) late();
      this.works++;
      const over = (): void => {
        this.works--;
      };
      work.then(over, over);
    };
    return { signal: this.watched.signal, deadline: this.deadline, waitUntil };
  }
}

/** A permit that a caller holds, or held. */
export interface Held {
  readonly permit: Permit<unknown, unknown>;
  readonly request: unknown;
  readonly told: boolean;
}
