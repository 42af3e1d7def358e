import type { Clock } from "@sluice/core";

/**
 * Two clocks of one time: that of a process, which a test may set back or stop, and that of the server, which goes on meanwhile as its timers
 * show. A server's clock has nothing to do with that of a process.
 */
export function serverClock(clock: Clock): { readonly ours: Clock; readonly servers: Clock } {
  let ahead = 0;
  let latest = clock.now();
  const now = (): number => {
    ahead += Math.max(0, latest - (clock.now() + ahead));
    latest = clock.now() + ahead;
    return latest;
  };
  const ours: Clock = {
    now: () => clock.now(),
    setTimeout(run, ms) {
      const due = now() + ms;
      return clock.setTimeout(() => {
        ahead += Math.max(0, due - now());
        run();
      }, ms);
    },
    clearTimeout: (handle) => {
      clock.clearTimeout(handle);
    },
    unref: (handle) => {
      clock.unref?.(handle);
    },
  };
  return { ours, servers: { ...ours, now } };
}
