/**
 * Reports an error that no caller can receive, such as a throw in `Lease.finish`, as an unhandled rejection. Nothing changes for
 * the caller.
 */
export function report(error: unknown): void {
  void Promise.reject(error);
}

/**
 * Calls a listener that must not change anything: what it throws is reported as an unhandled rejection. Without a listener it does
 * nothing. For options such as `onChange`, called after the change, synchronously, with a plain object.
 */
export function tell<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch (error) {
    report(error);
  }
}
