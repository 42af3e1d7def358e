import type { CallOptions } from "@sluice/core";

/** Options as a class would have them: nothing is its own, and methods need their object. */
export class Gettable implements CallOptions {
  readonly #options: CallOptions;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  get deadline(): number | undefined {
    return this.#options.deadline;
  }

  get waitUntil(): CallOptions["waitUntil"] {
    return this.#options.waitUntil;
  }

  /** Its `waitUntil` as a method: it is lost without its object. */
  get unbound(): CallOptions["waitUntil"] {
    return Reflect.get(this, "wait") as CallOptions["waitUntil"];
  }

  protected wait(work: Promise<unknown>): void {
    this.#options.waitUntil?.(work);
  }
}
