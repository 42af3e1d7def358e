import { abortReason } from "../contract/abort-reason.ts";
import { listen, unlisten } from "../kit/abort.ts";
import { follows } from "../kit/line.ts";

/**
 * Waits for `grant`, unless the signal aborts first: then fails with the reason itself, and what is granted all the
 * same is released. So an abort is prompt also where the grantor does not look at the signal.
 *
 * Both callbacks run in the caller's async context. If grant and abort land in the same turn, the lease is cancelled before
 * `failed` runs, so releases go from the inside out.
 */
export function wait<Held>(
  grant: Promise<Held>,
  signal: AbortSignal | undefined,
  granted: (held: Held) => void,
  failed: (reason: unknown) => void,
  giveBack: (held: Held) => void,
): void {
  if (signal === undefined) grant.then(granted, failed);
  else if (follows(grant, signal)) grant.then(unlessAborted(signal, granted, failed, giveBack), failed);
  else listenAndWait(grant, signal, granted, failed, giveBack);
}

/** `granted`, unless the grant has met an abort: then it is released. */
function unlessAborted<Held>(
  signal: AbortSignal,
  granted: (held: Held) => void,
  failed: (reason: unknown) => void,
  giveBack: (held: Held) => void,
): (held: Held) => void {
  return (held) => {
    if (!signal.aborted) granted(held);
    else {
      giveBack(held);
      failed(abortReason(signal));
    }
  };
}

// A function of its own, so that callers in a line are spared what this one closes over.
function listenAndWait<Held>(
  grant: Promise<Held>,
  signal: AbortSignal,
  granted: (held: Held) => void,
  failed: (reason: unknown) => void,
  giveBack: (held: Held) => void,
): void {
  let over = false;
  const fail = (reason: unknown): void => {
    if (over) return;
    over = true;
    unlisten(signal, listener);
    failed(reason);
  };
  let tell!: (reason: unknown) => void;
  const abort = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const listener = { aborted: tell };
  // The grantor may have called a function of the caller's, which has aborted it.
  if (signal.aborted) tell(abortReason(signal));
  else listen(signal, listener);
  grant.then((held) => {
    if (!signal.aborted) {
      unlisten(signal, listener);
      granted(held);
    } else {
      giveBack(held);
      fail(abortReason(signal));
    }
  }, fail);
  // A promise, so that it comes after a grant that came before, and in the context in which `then` is said.
  void abort.then(fail);
}
