import { type AbortListener, abortReason, listen, unlisten } from "@sluice/core/kit";
import { remadeResponse } from "../../remade-response.ts";

/** A response whose body is being followed. */
export interface Followed {
  /** The response with a body that passes on the bytes of the given one. */
  readonly made: Response;
  /** Resolves when the body has been read to its end, was cancelled, or broke off. It never rejects. */
  readonly end: Promise<void>;
}

/** @param signal the client's signal: the body is cancelled when it aborts */
export function followed(
  response: Response,
  body: NonNullable<Response["body"]>,
  signal: AbortSignal | undefined,
): Followed {
  const follower = new BodyFollower(body, signal);
  const made = remadeResponse(follower.stream, response);
  // Members of a response of `fetch` that the constructor cannot set.
  for (const member of ["url", "redirected", "type"] as const) {
    if (response[member] !== made[member]) Object.defineProperty(made, member, { value: response[member] });
  }
  return { made, end: follower.end };
}

class BodyFollower implements AbortListener {
  readonly stream: ReadableStream<Uint8Array>;
  readonly end: Promise<void>;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly signal: AbortSignal | undefined;
  private finish!: () => void;
  private controller!: ReadableStreamDefaultController<Uint8Array>;
  private over = false;

  constructor(body: NonNullable<Response["body"]>, signal: AbortSignal | undefined) {
    this.reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.end = new Promise((resolve) => (this.finish = resolve));
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.controller = controller;
        },
        pull: () => this.pull(),
        cancel: (reason) => this.giveUp(reason),
      },
      // Nothing is read in advance.
      { highWaterMark: 0 },
    );
    this.signal = signal;
    if (signal?.aborted) this.aborted(abortReason(signal));
    else if (signal !== undefined) listen(signal, this);
  }

  /** The client has left. */
  aborted(reason: unknown): void {
    if (this.over) return;
    this.controller.error(reason);
    void this.giveUp(reason);
  }

  private async pull(): Promise<void> {
    try {
      const { done, value } = await this.reader.read();
      if (this.over) return;
      if (!done) {
        this.controller.enqueue(value);
        return;
      }
      this.controller.close();
      this.ended();
    } catch (error) {
      this.ended();
      throw error;
    }
  }

  private async giveUp(reason: unknown): Promise<void> {
    this.over = true;
    try {
      await this.reader.cancel(reason);
    } catch {
      // The body broke off meanwhile, and so has ended.
    } finally {
      this.ended();
    }
  }

  private ended(): void {
    this.over = true;
    if (this.signal !== undefined) unlisten(this.signal, this);
    this.finish();
  }
}
