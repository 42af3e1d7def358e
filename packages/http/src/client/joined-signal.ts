import { type AbortListener, abortWith, listen, unlisten } from "@sluice/core/kit";

/**
 * A signal that aborts as soon as one of two does, with its reason. Until then it listens to both, and they may live long: so its owner
 * must call {@link release}. `AbortSignal.any` does the same but cannot be released.
 */
export class JoinedSignal implements AbortListener {
  private readonly controller: AbortController = new AbortController();
  private readonly signals: readonly AbortSignal[];

  /** @param signals two different ones, not aborted yet */
  constructor(signals: readonly [AbortSignal, AbortSignal]) {
    this.signals = signals;
    for (const signal of signals) listen(signal, this);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  aborted(reason: unknown): void {
    this.release();
    abortWith(this.controller, reason);
  }

  /** Stops listening. */
  release(): void {
    for (const signal of this.signals) unlisten(signal, this);
  }

  /**
   * Stops listening when the body of `response` is garbage-collected. The end of a body cannot be seen without wrapping it, and until then
   * an abort must reach it. Fetch stops listening to its signal in the same way.
   */
  releaseAfter(response: Response | undefined): void {
    // A user's fetch may return anything.
    const body: unknown = response?.body;
    if (typeof body !== "object" || body === null) this.release();
    else collected?.register(body, this);
  }
}

/* v8 ignore next -- some workers have no FinalizationRegistry; Node.js has */
const collected =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<JoinedSignal>((joined) => {
        joined.release();
      });
