import { abortReason } from "../contract/abort-reason.ts";

/**
 * Whether `reason` is what the caller's own signal was aborted with. That is not a failure of the service, and passes every layer
 * as it is.
 */
export function isOwnAbort(signal: AbortSignal | undefined, reason: unknown): boolean {
  return signal !== undefined && signal.aborted && abortReason(signal) === reason;
}
