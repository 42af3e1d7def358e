/** Somebody to tell of an abort. */
export interface AbortListener {
  aborted(reason: unknown): void;
}

interface Hub {
  readonly listeners: Set<AbortListener>;
  readonly dispatch: () => void;
}

/*
 * One event listener for each signal, and a set of our own behind it. An EventTarget looks through all its listeners to
 * add one or take one away, so that a thousand waiters on one long-lived signal would cost a thousand times as much each.
 */
const hubs = new WeakMap<AbortSignal, Hub>();

/** Tells `listener` once when `signal` aborts. The signal must not be aborted yet. */
export function listen(signal: AbortSignal, listener: AbortListener): void {
  let hub = hubs.get(signal);
  if (hub === undefined) {
    hub = hubFor(signal);
    // First, for it throws where the signal is none.
    signal.addEventListener("abort", hub.dispatch, { once: true });
    hubs.set(signal, hub);
  }
  hub.listeners.add(listener);
}

/** Forgets `listener`; the last one to go takes the event listener with it. */
export function unlisten(signal: AbortSignal, listener: AbortListener): void {
  const hub = hubs.get(signal);
  if (hub?.listeners.delete(listener) && hub.listeners.size === 0) {
    hubs.delete(signal);
    signal.removeEventListener("abort", hub.dispatch);
  }
}

function hubFor(signal: AbortSignal): Hub {
  const listeners = new Set<AbortListener>();
  const dispatch = (): void => {
    // One who is told may make another leave: a set skips what was deleted before its turn.
    for (const listener of listeners) listener.aborted(signal.reason);
    hubs.delete(signal);
  };
  return { listeners, dispatch };
}
