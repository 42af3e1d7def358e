/** An abort signal that counts its listeners. */
export class WatchedSignal {
  private readonly controller: AbortController = new AbortController();
  private readonly listeners: Set<unknown> = new Set();

  constructor() {
    const { signal } = this.controller;
    const { listeners } = this;
    // Own members shadow those of the prototype, so that it stays a genuine signal.
    signal.addEventListener = (type: string, listener: any, options?: any): void => {
      listeners.add(listener);
      EventTarget.prototype.addEventListener.call(signal, type, listener, options);
    };
    signal.removeEventListener = (type: string, listener: any, options?: any): void => {
      listeners.delete(listener);
      EventTarget.prototype.removeEventListener.call(signal, type, listener, options);
    };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** How many listeners there are; 0 after the abort, when listeners no longer matter. */
  get listening(): number {
    const handler = typeof this.signal.onabort === "function" ? 1 : 0;
    return this.signal.aborted ? 0 : this.listeners.size + handler;
  }

  abort(reason: unknown): void {
    this.controller.abort(reason);
  }
}
