import { abortReason } from "../contract/abort-reason.ts";
import { type CallOptions, noOptions } from "../contract/service.ts";
import {
  isSignal,
  requireDeadline,
  requireFunction,
  requireObject,
  requireSignal,
  unknownOption,
} from "../kit/check.ts";

/**
 * Validates call options and throws `signal.reason` if it is aborted already. Runs at the edge of a stack, before anything is
 * reserved, so a getter that throws cannot leak.
 *
 * @throws signal.reason when it is aborted; TypeError when a member is not what it must be, or is unknown; what a getter
 *   throws
 */
export function requireWanted(owner: "call" | "ready", options: CallOptions): void {
  if (options === noOptions) return;
  requireObject(owner, "options", options);
  const { signal, deadline, waitUntil } = options;
  // Not by `Object.keys`, which makes an array: this costs a call with options 5 to 10 ns (`pnpm bench alone`).
  for (const key in options) {
    if (key !== "signal" && key !== "deadline" && key !== "waitUntil" && (key !== "request" || owner === "call")) {
      refuseMember(owner, options, key);
    }
  }
  if (deadline !== undefined) requireDeadline(owner, deadline);
  if (waitUntil !== undefined) requireFunction(owner, "waitUntil", waitUntil);
  if (signal !== undefined && requireSignal(owner, signal).aborted) throw abortReason(signal);
}

/** Refuses what cannot be an option; what an object of options inherits can be anything. */
function refuseMember(owner: "call" | "ready", options: CallOptions, key: string): void {
  if (isSignal(options)) {
    throw new TypeError(`${owner}: options must be an object such as { signal }; received an AbortSignal`);
  }
  if (!Object.hasOwn(options, key)) return;
  if (key === "timeout") {
    throw new TypeError(
      `${owner}: timeout is not an option; did you mean deadline, a time such as performance.now() + 500, or the timeout layer?`,
    );
  }
  // `waitUntil` is of no use in `ready`, but no mistake: options of a call may serve for both.
  const names = ["signal", "deadline", owner === "call" ? "waitUntil" : "request"];
  throw unknownOption(owner, key, names);
}
