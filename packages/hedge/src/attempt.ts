import { type CallOptions, events } from "@sluice/core";
import { handUp } from "@sluice/core/internal";
import { abortWith, promiseOf } from "@sluice/core/kit";
import type { Hedging } from "./hedging.ts";

/** The request of an attempt. */
export interface Hedged {
  readonly hedging: Hedging;
  /** The caller's. */
  readonly options: CallOptions;
  /** An attempt that was not given up has its answer. */
  succeeded(attempt: Attempt, value: unknown): void;
  failed(): void;
  /** Work has settled that an attempt has registered. */
  workSettled(): void;
}

/** One of the attempts of a request. */
export class Attempt {
  /** From 1. */
  readonly number: number;
  /** What it failed with. */
  reason: unknown = undefined;
  private readonly request: Hedged;
  private readonly controller: AbortController = new AbortController();
  private state: "running" | "settled" | "lost" = "running";
  private answer: Promise<unknown> | undefined = undefined;
  /** Work that it has registered, and that has not settled. */
  private works = 0;

  constructor(request: Hedged, number: number) {
    this.request = request;
    this.number = number;
  }

  /** What it is called with. */
  get options(): CallOptions {
    const { signal, deadline, waitUntil } = this.request.options;
    return {
      signal: this.controller.signal,
      deadline,
      waitUntil: signal === undefined ? waitUntil : (work) => this.register(work),
    };
  }

  get isRunning(): boolean {
    return this.state === "running";
  }

  /** Whether an abort of the caller is to reach it though the answer is out: work goes on behind it, such as a streamed body. */
  get goesOn(): boolean {
    return this.state !== "lost" && this.works > 0;
  }

  /** It has begun. */
  observe(answer: Promise<unknown>): void {
    this.answer = answer;
    answer.then(
      (value) => {
        if (this.settled()) this.request.succeeded(this, value);
      },
      (reason: unknown) => {
        this.reason = reason;
        if (this.settled()) this.request.failed();
      },
    );
  }

  abort(reason: unknown): void {
    abortWith(this.controller, reason);
  }

  /** Another one is the answer: what is left of it is handed up. */
  abandon(): void {
    const { hedging, options } = this.request;
    const { number } = this;
    const answer = this.answer!;
    this.state = "lost";
    hedging.abandoned++;
    handUp(options, answer);
    if (!events.listening) return;
    const since = hedging.deadlines.now();
    events.emit({ type: "abandoned", ...hedging.about, attempt: number, settled: false, after: 0 });
    const settled = (): void => {
      if (!events.listening) return;
      const after = hedging.deadlines.now() - since;
      events.emit({ type: "abandoned", ...hedging.about, attempt: number, settled: true, after });
    };
    answer.then(settled, settled);
  }

  /** Answers whether anybody waits for it. */
  private settled(): boolean {
    if (this.state === "lost") {
      this.request.hedging.abandoned--;
      return false;
    }
    this.state = "settled";
    return true;
  }

  private register(work: Promise<unknown>): void {
    const left = (): void => {
      this.works--;
      this.request.workSettled();
    };
    this.works++;
    promiseOf(work).then(left, left);
    handUp(this.request.options, work);
  }
}
