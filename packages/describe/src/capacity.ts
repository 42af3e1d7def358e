import type { Place } from "./place.ts";

/** How many it lets in at once: as it is set now, else as it was made; endless where it says neither. */
export function mostAtOnce({ node: { numbers, facts } }: Place): number {
  const max = numbers["max"] ?? facts["max"];
  return typeof max === "number" ? max : Number.POSITIVE_INFINITY;
}

/**
 * Whether callers may have to wait there although no more than `most` come at once: for a rate, or in a limit that lets in fewer. One that
 * adapts may come down to its least, a shared one goes by its share of now. Where nothing is known, they may.
 */
export function mayWaitAt(place: Place, most: number): boolean {
  const { traits, facts, numbers } = place.node;
  if (place.has("rates")) return true;
  if (!place.has("limits")) return place.mayHold && traits.length === 0;
  return !(Number(facts["min"] ?? numbers["share"] ?? numbers["max"] ?? facts["max"]) >= most);
}

/** Whether callers wait in line there. A limit without end has no line. */
export function makesLine(place: Place): boolean {
  if (place.has("rates")) return true;
  return place.has("limits") && (place.node.numbers["max"] ?? place.node.facts["max"]) !== Number.POSITIVE_INFINITY;
}

/** Whether it is ready although the service inside has no room. */
export function absorbs(place: Place): boolean {
  return place.has("sheds", "queues");
}

/** Whether anything inside of it can have no room. Where that is not known, it can. */
export function canBeFull(place: Place): boolean {
  return [...place.within()].some((inner) => inner.has("limits", "rates", "queues") || inner.mayHold);
}

/** Whether it bounds the call, and neither the wait for readiness nor both together. */
export function boundsCallAlone(place: Place): boolean {
  const { ready, call, total } = place.node.facts;
  return place.has("times-out") && call !== undefined && ready === undefined && total === undefined;
}

/** Whether it bounds how long an attempt takes. A layer of another make that times out, and does not say what, is believed. */
export function boundsAttempt(place: Place): boolean {
  const { facts } = place.node;
  return place.has("times-out") && (!("call" in facts) || facts["call"] !== undefined || facts["total"] !== undefined);
}

/** Whether a caller that would have to wait at `line` is refused instead, or waits for a limited time. */
export function isRefusedOrBounded(line: Place): boolean {
  if (line.node.facts["boundedLine"] === true) return true;
  // Outside of what queues, the wait is a part of the call.
  let inCall = false;
  for (const place of line.around()) {
    if (place.has("sheds")) return true;
    if (place.has("queues")) inCall = true;
    if (!place.has("times-out")) continue;
    const { ready, call, total } = place.node.facts;
    if (total !== undefined || (inCall ? call : ready) !== undefined) return true;
  }
  return false;
}
