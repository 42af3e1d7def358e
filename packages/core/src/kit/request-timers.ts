import { systemClock } from "../contract/clock.ts";

/**
 * Whether a timer belongs to the request in whose turn it was set, as in Cloudflare Workers: it is gone when that request has been
 * answered, whoever else waits for it. A request that has no timer and no exchange of its own under way is taken for hung there, and ended,
 * although another request is about to grant it something.
 */
export const timersEndWithRequests: boolean =
  (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator?.userAgent ===
  "Cloudflare-Workers";

/** An alarm whose timer may be gone with the request that set it. */
interface SharedAlarm {
  /** Rings if it is time. How many milliseconds are left then; Infinity where it is not set. */
  look(): number;
}

/** Those that are set, where who waits looks at them. */
export const sharedAlarms: Set<SharedAlarm> = new Set();

/** In milliseconds. An alarm that was set since the last look rings so much late at most, where its own timer is gone. */
const longestLook = 50;

/**
 * Keeps the request in whose turn it is called from being taken for hung, until the function that it returns is called, and looks at alarms
 * for as long. For who waits for something that another request does. Undefined where requests are not ended by the runtime.
 */
export function keepRequest(): (() => void) | undefined {
  if (!timersEndWithRequests) return undefined;
  let over = false;
  let handle: unknown;
  const look = (): void => {
    let next = longestLook;
    for (const alarm of sharedAlarms) {
      const left = alarm.look();
      if (left === Number.POSITIVE_INFINITY) sharedAlarms.delete(alarm);
      next = Math.min(next, left);
    }
    // It may have been let go by one that rang.
    if (!over) handle = systemClock.setTimeout(look, next);
  };
  look();
  return () => {
    over = true;
    systemClock.clearTimeout(handle);
  };
}
