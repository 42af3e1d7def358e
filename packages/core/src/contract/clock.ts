/** Where a layer reads time and sets timers. A stack shares one; tests give it a virtual one. */
export interface Clock {
  /** Milliseconds on a scale that only moves forward. Only differences mean anything. */
  now(): number;
  /** Runs `run` once, `ms` milliseconds from now (0 to 2^31-1). */
  setTimeout(run: () => void, ms: number): unknown;
  /** Forgets a timer; does nothing when it has fired. */
  clearTimeout(handle: unknown): void;
  /**
   * Lets the process end although the timer is armed, where the platform can do so. For timers that only give something back: a layer
   * that waits for nobody keeps no process alive.
   */
  unref?(handle: unknown): void;
}

/** The longest time a timer can be set for, in milliseconds: 2^31-1, about 24.8 days. */
export const longestTimer: number = 2 ** 31 - 1;

/** The process's own time: `performance.now()` and the global timers, looked up at each call so that fake timers work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => {
    if (!isGone(handle)) clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
  // In a browser a handle is a number, and no timer keeps a page open.
  unref: (handle) => {
    (handle as { readonly unref?: () => unknown } | undefined)?.unref?.();
  },
};

/**
 * Whether `handle` is a timer of node:test that a reset took away. Such a timer knows its place in a queue, the first when it is taken away, and to
 * clear it would clear whoever stands there now. One that still stands there makes room for a timer that is due earlier.
 */
function isGone(handle: unknown): boolean {
  const queued = handle as { readonly priorityQueuePosition?: unknown } | null | undefined;
  if (queued?.priorityQueuePosition !== 1) return false;
  // The platform's timers are in place again, which have no time before now.
  if (setTimeout.name === "setTimeout") return true;
  const earlier = setTimeout(() => {}, -1);
  const stays = queued.priorityQueuePosition === 1;
  clearTimeout(earlier);
  return stays;
}
