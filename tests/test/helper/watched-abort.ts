/** A controller that knows how many listen to its signal. */
export interface WatchedAbort {
  readonly signal: AbortSignal;
  /** How many listen. */
  readonly listening: number;
  abort(reason?: unknown): void;
}

/** A real signal, whose listeners are counted. */
export function watchedAbort(): WatchedAbort {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<EventTarget["addEventListener"]>): void => {
    listeners.add(args[1]);
    EventTarget.prototype.addEventListener.call(signal, ...args);
  };
  signal.removeEventListener = (...args: Parameters<EventTarget["removeEventListener"]>): void => {
    listeners.delete(args[1]);
    EventTarget.prototype.removeEventListener.call(signal, ...args);
  };
  return {
    signal,
    get listening() {
      // The platform takes them away itself once it is aborted: ours listen once.
      return signal.aborted ? 0 : listeners.size;
    },
    abort(reason) {
      controller.abort(reason);
    },
  };
}
