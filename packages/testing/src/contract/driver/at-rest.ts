import type { Clients } from "./clients.ts";

/**
 * Checks the counters after all microtasks have run: no more is reserved inside than permits are held, and a caller knows of all running
 * work.
 */
export function checkAtRest({ bare, trace, crossed, going, held, inner, reservesInside }: Clients): void {
  const { active, reserved } = inner.mock;
  // A pending operation may hold a reservation of its own, and a permit for another request may hold two.
  if (reservesInside && !crossed && going.length === 0 && reserved > held.length) {
    trace.broken("exactlyOne", `${reserved} are reserved inside for ${held.length} permits that are held`);
  }
  const working = active + inner.pendingWork > 0;
  if (working && !bare && !going.some(({ kind }) => kind === "call")) {
    const what = "work continues inside after its caller has the answer, and was not registered with waitUntil";
    trace.broken("handedUp", what);
  }
}
