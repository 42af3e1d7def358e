/**
 * Whether a failure, or the reason of an abort, is a timeout: that of `@sluice/timeout`, or the one that `AbortSignal.timeout` aborts
 * with. It goes by the name, `"TimeoutError"`. Never throws.
 */
export function isTimeout(reason: unknown): boolean {
  try {
    return (reason as Error).name === "TimeoutError";
  } catch {
    // Null, undefined, or a getter that throws.
    return false;
  }
}
