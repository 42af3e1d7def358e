import type { Dispatcher } from "undici";

/** Methods that undici calls on a handler and that its types do not have: fetch uses them for its `performance` entries. */
interface Untyped {
  onResponseStarted?(): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
}

/**
 * A handler of one request that also calls `over` when the exchange ends. It does not use undici's `DecoratorHandler`, which is deprecated,
 * and does not pass on the methods that fetch needs.
 */
export class WatchedHandler implements Dispatcher.DispatchHandler {
  private readonly handler: Dispatcher.DispatchHandler;
  private readonly untyped: Untyped;
  private readonly over: () => void;

  constructor(handler: Dispatcher.DispatchHandler, over: () => void) {
    this.handler = handler;
    this.untyped = handler as Untyped;
    this.over = over;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.handler.onRequestStart?.(controller, context);
  }

  onBodySent(chunk: unknown): void {
    this.untyped.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.untyped.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.untyped.onResponseStarted?.();
  }

  onResponseStart(...head: Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>): void {
    this.handler.onResponseStart?.(...head);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: never): void {
    this.handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(...end: Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseEnd"]>>): void {
    try {
      this.handler.onResponseEnd?.(...end);
    } finally {
      this.over();
    }
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    try {
      this.handler.onResponseError?.(controller, error);
    } finally {
      this.over();
    }
  }
}
