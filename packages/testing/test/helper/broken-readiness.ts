import { gate, layerFn, type Permit } from "@sluice/core";
import { BrokenGate } from "./broken-gate.ts";
import { boom, type BrokenLayer, own } from "./broken-layer.ts";
import { exchanging, keepingTheRest } from "./broken-routes.ts";
import { otherRequest } from "./broken-services.ts";
import { joining } from "./joining.ts";
import { CarelessKeyedLimit } from "./keyed-limit.ts";
import { LateLimit, warming } from "./late-capacity.ts";
import { lateReservation } from "./late-reservation.ts";
import { ownPlaces, turnstile } from "./own-places.ts";
import { CountingGate, DiceGate } from "./refusing-gate.ts";
import { remembering } from "./remembering.ts";
import { stacked, twice } from "./stacked.ts";
import { WrappingLimit } from "./watched-limit.ts";
import { wrapped } from "./wrapped.ts";

/** Layers that break what is promised about permits and lines: 1 to 4, 9, 10 and 12. */
export const brokenReadiness: readonly BrokenLayer[] = [
  [
    "exactlyOne",
    "hands out a permit without reserving inside",
    () =>
      wrapped({
        tryReady(inner, request) {
          const permit = inner.tryReady(request);
          permit?.release();
          return permit && lateReservation(inner);
        },
      }),
  ],
  [
    "exactlyOne",
    "reserves one more, to have it at hand",
    () => {
      const spare: Permit<unknown, unknown>[] = [];
      return wrapped({
        tryReady(inner, request) {
          const permit = inner.tryReady(request);
          const another = permit && inner.tryReady(request);
          if (another !== undefined) spare.push(another);
          return permit;
        },
        release(release) {
          release();
          spare.pop()?.release();
        },
        call(next) {
          spare.pop()?.release();
          return next();
        },
      });
    },
  ],
  ["spentOnce", "calls as often as it is asked to", () => wrapped({ again: true })],
  ["spentOnce", "takes back a place as often as it is given", () => ownPlaces(2, { countsTwice: true })],
  ["returnedOnce", "keeps the place of a call that failed", own(2, { keepFailed: true })],
  ["returnedOnce", "keeps the place of a permit that was released", own(2, { keepUnused: true })],
  ["returnedOnce", "takes back twice the place of a permit that was released", own(2, { giveTwice: true })],
  [
    "returnedOnce",
    "connects when it is first needed, and keeps the place of a permit that was released",
    ({ clock }) => stacked(warming(clock), gate(new BrokenGate(2, { keepUnused: true }), { name: "own" })),
    { warms: true },
  ],
  [
    "returnedOnce",
    "has places that arrive in the background, and keeps that of a call that failed",
    ({ clock }) => {
      const late = new LateLimit(2, clock);
      const layer = stacked(
        gate(late, { name: "late" }),
        gate(new BrokenGate(2, { keepFailed: true }), { name: "own" }),
      );
      return { ...layer, arrived: late.arrived };
    },
    { ready: (layer: { readonly arrived: Promise<void> }) => layer.arrived },
  ],
  ["returnedOnce", "keeps what is reserved inside", () => wrapped({ release() {} })],
  ["returnedOnce", "gives back twice what is reserved inside", () => twice("cancel")],
  ["returnedOnce", "calls twice on what is reserved inside", () => twice("start")],
  [
    "returnedOnce",
    "never answers when the work fails",
    () => wrapped({ call: (next) => new Promise((kept) => void next().then(kept, () => {})) }),
  ],
  ["returnedOnce", "never hears of readiness", () => wrapped({ ready: () => new Promise(() => {}) })],
  ["firstCome", "serves the last to come first", own(1, { lifo: true })],
  ["notOvertaken", "serves newcomers though others wait", own(1, { barge: true })],
  ["notOvertaken", "serves newcomers before those who were granted have moved on", own(2, { hurry: true })],
  ["notOvertaken", "wraps the promise of a limit inside it", () => new WrappingLimit(2)],
  [
    "notOvertaken",
    "has an order of its own, and serves newcomers before those who were granted have moved on",
    own(2, { lifo: true, hurry: true }),
    { orders: true },
  ],
  [
    "firstCome",
    "has an order of its own, and serves nobody though there is room",
    own(2, { sleeps: true }),
    { orders: true },
  ],
  [
    "firstCome",
    "answers some by itself, and serves the last of the others first",
    () => stacked(remembering(), gate(new BrokenGate(1, { lifo: true }), { name: "lifo" })),
    { answers: true },
  ],
  ["blocksNobody", "lets nobody ask inside while somebody waits there", turnstile],
  ["constantTime", "looks through the line for whoever leaves", own(1, { searches: true })],
  [
    "inOrder",
    "keeps a place when the service inside refuses",
    () => {
      let free = 3;
      return wrapped({
        tryReady(inner, request) {
          if (free === 0) return undefined;
          const permit = inner.tryReady(request);
          if (permit === undefined) free--;
          return permit;
        },
      });
    },
  ],
  ["unneeded", "keeps a place for a call that is answered by another", () => joining("keeps")],
  ["undone", "counts what it is asked in vain", () => new CountingGate(3)],
  ["undone", "throws dice each time it is asked", () => new DiceGate(3)],
  ["inOrder", "gives back later", () => wrapped({ release: (release) => void Promise.resolve().then(release) })],
  [
    "inOrder",
    "looks for a place of its own when it has one inside",
    () => ownPlaces(2, { insideFirst: true }),
    { joins: false },
  ],
  ["inOrder", "gives back its own place before the one inside", () => ownPlaces(2, { ownBackFirst: true })],
  ["exactly", "reserves blindly", () => wrapped({ tryReady: (inner) => inner.tryReady() })],
  ["asReserved", "calls with another request than it reserved for", () => layerFn("other", otherRequest)],
  ["exchanged", "lets a permit for one request be spent on another", () => new CarelessKeyedLimit(1)],
  ["exchanged", "waits for the other route", () => exchanging("waits")],
  ["exchanged", "refuses the other route with an error of its own", () => exchanging("refuses")],
  [
    "blind",
    "has nothing for who does not say what for",
    () => wrapped({ tryReady: (inner, request) => (request === undefined ? undefined : inner.tryReady(request)) }),
  ],
  ["blind", "keeps what it reserved for another route", keepingTheRest],
  [
    "mayAskAgain",
    "is closed for good by one failure of readiness",
    () => {
      let failed = false;
      return wrapped({
        tryReady(inner, request) {
          if (failed) throw boom;
          try {
            return inner.tryReady(request);
          } catch (error) {
            failed = true;
            throw error;
          }
        },
      });
    },
  ],
];
