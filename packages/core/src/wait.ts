import { type AbortListener, listen, unlisten } from "./abort.ts";

/**
 * Waits for `grant`, unless the signal aborts first: then fails at once with the reason itself, and what is granted all
 * the same is given back. So an abort is prompt also where whoever grants does not look at the signal.
 */
export function wait<Held>(
  grant: PromiseLike<Held>,
  signal: AbortSignal | undefined,
  granted: (held: Held) => void,
  failed: (reason: unknown) => void,
  giveBack: (held: Held) => void,
): void {
  if (signal === undefined) {
    grant.then(granted, failed);
    return;
  }
  let gone = false;
  const listener: AbortListener = {
    aborted(reason) {
      gone = true;
      failed(reason);
    },
  };
  listen(signal, listener);
  grant.then(
    (held) => {
      if (gone) {
        giveBack(held);
        return;
      }
      unlisten(signal, listener);
      granted(held);
    },
    (reason: unknown) => {
      if (gone) return;
      unlisten(signal, listener);
      failed(reason);
    },
  );
}
