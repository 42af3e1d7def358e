import {
  absorbs,
  boundsAttempt,
  boundsCallAlone,
  canBeFull,
  isRefusedOrBounded,
  makesLine,
  mayWaitAt,
  mostAtOnce,
} from "./capacity.ts";
import type { Place } from "./place.ts";
import { titleOf } from "./stack-node.ts";
import type { WarningRule } from "./stack-warning.ts";

/** What is wrong at this place; undefined where nothing is. Rules go by what layers say of themselves, never by their names. */
type Rule = (at: Place) => string | undefined;

const title = (place: Place): string => titleOf(place.node);
const insideOf = (at: Place, ...traits: readonly string[]): Place | undefined =>
  [...at.within()].find((place) => place.has(...traits));

export const rules: Readonly<Record<WarningRule, Rule>> = {
  "limit-outside-retry": (at) => {
    if (!at.has("limits")) return undefined;
    const again = [...at.within()].find((place) => place.has("repeats") && insideOf(place, "limits") === undefined);
    return (
      again &&
      `A request holds its slot of ${title(at)} through all attempts and pauses of ${title(again)}. Put the limit inside.`
    );
  },

  "limit-outside-routes": (at) => {
    const routes = at.has("limits") ? insideOf(at, "routes") : undefined;
    return (
      routes && `One slow route of ${title(routes)} takes all slots of ${title(at)}. Put a limit inside each route.`
    );
  },

  "buffer-outside-routes": (at) => {
    const routes = at.has("queues") ? insideOf(at, "routes") : undefined;
    return (
      routes &&
      `Requests for one slow route of ${title(routes)} wait in ${title(at)} in front of requests for the others. Put a buffer inside each route.`
    );
  },

  "limit-outside-buffer": (at) => {
    if (!at.has("limits")) return undefined;
    const most = mostAtOnce(at);
    const queue = [...at.within()].find(
      (place) => place.has("queues") && ![...place.within()].some((inner) => mayWaitAt(inner, most)),
    );
    return (
      queue &&
      `Nothing waits in ${title(queue)}, for ${title(at)} lets no more come there than can run. Put the buffer outside.`
    );
  },

  "shed-inside-limit": (at) => {
    const line = at.has("sheds") && !canBeFull(at) ? at.around().find(makesLine) : undefined;
    return line && `Nothing is ever refused by ${title(at)}, and the line of ${title(line)} grows. Put it outside.`;
  },

  "shed-with-nothing-inside": (at) => {
    if (!at.has("sheds") || canBeFull(at) || at.around().some(makesLine)) return undefined;
    return `Nothing is ever refused by ${title(at)}, for nothing inside of it can be full. Put a limit inside, or leave it out.`;
  },

  "timeout-cannot-bound-wait": (at) => {
    if (!boundsCallAlone(at)) return undefined;
    // Inside of what absorbs readiness, the wait is a part of the call.
    const line = [...at.within(absorbs)].find(makesLine);
    if (line === undefined || isRefusedOrBounded(line)) return undefined;
    return `The wait in the line of ${title(line)} comes before the call, and ${title(at)} bounds the call alone. Set total, or ready as well.`;
  },

  "unbounded-line": (at) => {
    if (!makesLine(at) || isRefusedOrBounded(at)) return undefined;
    const around = at.around();
    // Of several lines the outermost is the one that grows.
    if (around.some((place) => makesLine(place) || place.has("queues"))) return undefined;
    // Somebody meant to bound it: that is said there.
    if (around.some(boundsCallAlone)) return undefined;
    return `Nothing bounds the line of ${title(at)}. Put loadShed or a buffer outside, or a timeout with ready or total.`;
  },

  "retry-without-budget": (at) =>
    at.has("repeats") && at.node.facts["budget"] === false
      ? `When the other side is down, ${title(at)} makes several calls of each request. Give it a budget.`
      : undefined,

  "retry-without-attempt-timeout": (at) =>
    at.has("repeats") && !everyWayIn(at, boundsAttempt)
      ? `One attempt that hangs uses up all the time that ${title(at)} has. Put a timeout inside.`
      : undefined,

  "shed-inside-balance": (at) => {
    const balancer = absorbs(at) ? balancerOf(at) : undefined;
    return (
      balancer &&
      `Whether this endpoint has room is hidden from ${title(balancer)}, for ${title(at)} is always ready. Put it outside.`
    );
  },

  "retry-inside-balance": (at) => {
    const balancer = at.has("repeats") ? balancerOf(at) : undefined;
    return (
      balancer &&
      `Each further attempt of ${title(at)} asks the same endpoint. Put it outside of ${title(balancer)}, which has others.`
    );
  },
};

/** The balancer of which this is inside an endpoint. */
function balancerOf(at: Place): Place | undefined {
  return at.around().find((place) => place.has("balances"));
}

/** Whether one meets such a place on every way to the innermost services. Where these are not there, or are of another make, one may. */
function everyWayIn(place: Place, wanted: (place: Place) => boolean): boolean {
  return place.inside.length > 0
    ? place.inside.every((inner) => wanted(inner) || everyWayIn(inner, wanted))
    : place.mayHold;
}
