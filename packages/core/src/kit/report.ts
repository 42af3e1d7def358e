/**
 * For what fails where nobody is left to tell, such as a gate that throws when told that a call is over. It is reported
 * as an unhandled rejection, and changes nothing for the caller.
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
