/** Something that a layer did. The members of each `type` only grow. */
export interface LayerEvent {
  /** What happened: `"retry"`, `"shed"`, `"timeout"`, … */
  readonly type: string;
  /** The name of the layer: that of the function that makes it. */
  readonly layer: string;
  /** The layer's label, where it has one. */
  readonly label?: string | undefined;
  /** The layer's state or policy: the same object for the same layer. */
  readonly source: object;
  /** What belongs to this type of event. Times in milliseconds. */
  readonly [more: string]: unknown;
}

/** An attempt after the first begins. */
export interface AttemptEvent extends LayerEvent {
  readonly type: "attempt";
  /** 2 for the first further attempt. */
  readonly attempt: number;
}

/** The one seam through which all layers announce what they do, shared by all copies of this package in a process. */
export interface Events {
  /** Whether there are listeners: `if (events.listening) events.emit({ … })` makes no object without one. */
  readonly listening: boolean;
  /**
   * Calls all listeners, synchronously, in the async context of the caller that the event is about. Never throws: what a
   * listener throws is reported as an unhandled rejection, and the others still hear of the event.
   */
  emit(event: LayerEvent): void;
  /**
   * Calls `listener` for each event from now on, until what this returns is disposed of.
   *
   * @throws TypeError when `listener` is not a function
   */
  subscribe(listener: (event: LayerEvent) => void): Disposable;
  /** Whether there are providers: `if (events.carrying)` spares the function for {@link within}. */
  readonly carrying: boolean;
  /**
   * Calls `run` once, which runs all of an attempt, its wait for readiness included, inside what the providers put into the async context. Returns
   * what it returns and throws what it throws. What a provider throws is reported as an unhandled rejection; one that does not call its `run` adds
   * nothing to the context.
   */
  within<T>(event: AttemptEvent, run: () => T): T;
  /**
   * Puts something into the async context of each further attempt, until what this returns is disposed of: `provider` calls `run`
   * once, inside its context, and returns what that returns. Several providers nest, the first outermost.
   *
   * @throws TypeError when `provider` is not a function
   */
  carry(provider: <T>(event: AttemptEvent, run: () => T) => T): Disposable;
}
