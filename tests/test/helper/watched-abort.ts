/** A controller that counts the listeners of its signal. */
export interface WatchedAbort {
  readonly signal: AbortSignal;
  /** The number of listeners. */
  readonly listening: number;
  abort(reason?: unknown): void;
}

/** A real signal with a count of its listeners. */
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
      // The platform removes them after an abort, for ours listen once.
      return signal.aborted ? 0 : listeners.size;
    },
    abort(reason) {
      controller.abort(reason);
    },
  };
}
