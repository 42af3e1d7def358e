type Listener = (event: Event) => void;

/**
 * Another implementation of AbortSignal, with as few members as polyfills and simulated browsers have had. Its listeners must be functions, as those
 * of node-abort-controller and abortcontroller-polyfill.
 */
export class OtherSignal {
  aborted = false;
  declare reason: unknown;
  private listeners: readonly Listener[] = [];

  addEventListener(_type: "abort", listener: Listener): void {
    if (typeof listener !== "function") throw new TypeError("The listener must be of type function.");
    this.listeners = [...this.listeners, listener];
  }

  removeEventListener(_type: "abort", listener: Listener): void {
    this.listeners = this.listeners.filter((other) => other !== listener);
  }

  get listening(): number {
    return this.listeners.length;
  }

  /** Notifies all listeners. */
  fire(): void {
    const event = new Event("abort");
    for (const listener of this.listeners) listener(event);
  }
}

/** Makes such signals: with a reason, as jsdom did first, or without one, as older polyfills do. */
export class OtherController {
  static readonly reasons: boolean = true;
  readonly signal: OtherSignal & AbortSignal = new OtherSignal() as OtherSignal & AbortSignal;

  abort(reason?: unknown): void {
    const signal: OtherSignal = this.signal;
    if (signal.aborted) return;
    signal.aborted = true;
    if ((this.constructor as typeof OtherController).reasons) signal.reason = reason;
    signal.fire();
  }
}

/** Of old polyfills: an abort has no reason. */
export class ReasonlessController extends OtherController {
  static override readonly reasons = false;
}
