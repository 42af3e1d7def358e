import { abortReason } from "../contract/abort-reason.ts";

/**
 * Whether `reason` is what the caller's own signal was aborted with, or the `AbortError` of which that is the cause, as functions of
 * Node.js reject with it. That is not a failure of the service, and passes every layer as it is.
 */
export function isOwnAbort(signal: AbortSignal | undefined, reason: unknown): boolean {
  if (signal === undefined || !signal.aborted) return false;
  const own = abortReason(signal);
  return reason === own || isAbortErrorOf(reason, own);
}

function isAbortErrorOf(reason: unknown, own: unknown): boolean {
  try {
    const { name, cause } = reason as Error;
    return name === "AbortError" && cause === own;
  } catch {
    // Null, undefined, or a getter that throws.
    return false;
  }
}
