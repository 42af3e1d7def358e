import { type AbortListener, abortWith, listen, unlisten } from "@sluice/core/kit";

/**
 * A signal that aborts as soon as one of two does, with its reason. Until then it listens to both, which may live long: so whoever makes
 * one says when it is over. `AbortSignal.any` does the same without an end that can be told.
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
   * Stops listening when the body of `response` is garbage. Nobody can tell when it has ended without standing in its way, and until then
   * an abort must reach it. Fetch itself stops listening to its signal in the same way.
   */
  releaseAfter(response: Response | undefined): void {
    // A fetch of anyone's own may answer with anything.
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
