/**
 * For what fails where nobody is left to tell, such as a gate that throws when told that a call is over. It is reported
 * as an unhandled rejection, and changes nothing for the caller.
 */
export function report(error: unknown): void {
  void Promise.reject(error);
}
