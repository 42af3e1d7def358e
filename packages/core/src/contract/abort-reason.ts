/** The reasons of signals that know of none: the same one for all who ask. */
const reasons = new WeakMap<AbortSignal, unknown>();

/**
 * Why `signal`, which is aborted, was aborted: `signal.reason`. Signals of some polyfills have none (React Native's); theirs is what
 * {@link abort} was told, or an `AbortError`, the same one each time.
 */
export function abortReason(signal: AbortSignal): unknown {
  let reason: unknown = signal.reason;
  if (reason === undefined) reason = reasons.get(signal);
  if (reason === undefined) {
    reason = new AbortError("This operation was aborted.");
    reasons.set(signal, reason);
  }
  return reason;
}

/** As `signal.throwIfAborted`, which signals of polyfills and simulated browsers may lack. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

/** As `controller.abort(reason)`, and {@link abortReason} knows the reason also where the signal does not. */
export function abort(controller: AbortController, reason: unknown): void {
  const { signal } = controller;
  if (!signal.aborted && !("reason" in signal)) reasons.set(signal, reason);
  controller.abort(reason);
}

/** In the place of a `DOMException`, which not every platform has. */
class AbortError extends Error {
  override readonly name = "AbortError";
}
