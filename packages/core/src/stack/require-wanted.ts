import { type CallOptions, noOptions } from "../contract/service.ts";
import { requireDeadline, requireFunction, requireObject, requireSignal } from "../kit/check.ts";

/**
 * That whoever says this has not given up already. All of `options` is looked at here, where nothing is held yet, so that
 * nothing is lost to members that cannot be read or are of no use.
 *
 * @throws signal.reason when it is aborted; TypeError when a member is not what it must be; what a getter throws
 */
export function requireWanted(owner: "call" | "ready", options: CallOptions): void {
  if (options === noOptions) return;
  requireObject(owner, "options", options);
  const { signal, deadline, waitUntil } = options;
  if (deadline !== undefined) requireDeadline(owner, deadline);
  if (waitUntil !== undefined) requireFunction(owner, "waitUntil", waitUntil);
  if (signal !== undefined && requireSignal(owner, signal).aborted) throw signal.reason;
}
