import { abort, abortReason } from "../contract/abort-reason.ts";
import { report } from "./report.ts";

/** Is notified of an abort. */
export interface AbortListener {
  /**
   * The signal was aborted. Called synchronously and in the async context of whoever called `abort()`, as a listener of an event is. What it
   * throws is reported as an unhandled rejection.
   */
  aborted(reason: unknown): void;
}

/*
 * One event listener for each signal, and a set of our own behind it. An EventTarget looks through all its listeners to
 * add one or take one away, so that a thousand waiters on one long-lived signal would cost a thousand times as much each.
 */
class Hub {
  private readonly signal: AbortSignal;
  /** Who listens, while it is the only one. Most signals are of one request, for which a set is too much. */
  private readonly only: AbortListener;
  /** Who listens, since there was a second one. */
  private all: Set<AbortListener> | undefined = undefined;

  constructor(signal: AbortSignal, listener: AbortListener) {
    this.signal = signal;
    this.only = listener;
  }

  add(listener: AbortListener): void {
    this.all ??= new Set([this.only]);
    this.all.add(listener);
  }

  /** Whether `listener` was the last one. */
  remove(listener: AbortListener): boolean {
    return this.all === undefined ? this.only === listener : this.all.delete(listener) && this.all.size === 0;
  }

  /** The signal has aborted. The listener of the event is a function, for polyfills may know no objects with `handleEvent`. */
  readonly told = (): void => {
    const { signal } = this;
    const reason = abortReason(signal);
    // A listener may remove another during iteration; `Set` iteration skips entries that were deleted before they are reached.
    for (const listener of this.all ?? [this.only]) {
      try {
        listener.aborted(reason);
      } catch (error) {
        // The others are told all the same, as listeners of an event are.
        report(error);
      }
    }
    forget(signal, this);
  };
}

const hubs = new WeakMap<AbortSignal, Hub>();

/*
 * To add a listener to an EventTarget and to take it away takes 0.4 µs, ten times as long as to make the signal. Where nobody but `abortWith`
 * aborts a signal, its hub is a property until then.
 */
const own = Symbol("hub");

interface OwnSignal {
  /** null: nobody listens. */
  [own]?: Hub | null;
}

/**
 * A controller whose signal is cheap to follow, for layers that make one for each call. Only {@link abortWith} may abort it: by its own
 * `abort`, those who {@link listen} are not told.
 */
export function ownController(): AbortController {
  const controller = new AbortController();
  (controller.signal as OwnSignal)[own] = null;
  return controller;
}

/** As `controller.abort(reason)`, and {@link abortReason} knows the reason also where the signal does not. */
export function abortWith(controller: AbortController, reason: unknown): void {
  const { signal } = controller;
  const hub = (signal as OwnSignal)[own];
  if (hub && !signal.aborted) signal.addEventListener("abort", hub.told);
  abort(controller, reason);
}

/**
 * Notifies `listener` once when `signal` aborts. The signal must not be aborted yet.
 *
 * A listener that was added before may stop the event (`stopImmediatePropagation`), and then this one is not notified. So look at
 * `signal.aborted` again wherever a wait goes on by itself: at a grant, and when a timer fires.
 */
export function listen(signal: AbortSignal, listener: AbortListener): void {
  const known = hubOf(signal);
  if (known) {
    known.add(listener);
    return;
  }
  const hub = new Hub(signal, listener);
  if (known === null) (signal as OwnSignal)[own] = hub;
  else {
    // First, for it throws where the signal is none.
    signal.addEventListener("abort", hub.told);
    hubs.set(signal, hub);
  }
}

/** Removes `listener`; the last one to go takes the event listener with it. */
export function unlisten(signal: AbortSignal, listener: AbortListener): void {
  const hub = hubOf(signal);
  if (hub?.remove(listener)) forget(signal, hub);
}

/** null of an own signal that nobody listens to. */
function hubOf(signal: AbortSignal): Hub | null | undefined {
  const hub = (signal as OwnSignal)[own];
  return hub === undefined ? hubs.get(signal) : hub;
}

function forget(signal: AbortSignal, hub: Hub): void {
  if (hubs.delete(signal) || signal.aborted) signal.removeEventListener("abort", hub.told);
  if ((signal as OwnSignal)[own]) (signal as OwnSignal)[own] = null;
}
