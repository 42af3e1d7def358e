import { gate, identity, Semaphore, serviceFn } from "@sluice/core";
import { heldBy, type LayerShape, type LayerShapes, Transient } from "@sluice/test-kit";
import {
  andThen,
  either,
  fallback,
  filter,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional,
  recover,
} from "@sluice/util";

const same = <T>(value: T): T => value;

class NeverRaised extends Error {
  readonly code = "NEVER_RAISED";
}

function then(reserve: "both" | "late"): LayerShape {
  return {
    joins: reserve === "both",
    calm: () => andThen(serviceFn(same), { reserve }),
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      const second = gate(semaphore, { name: "second" }).wrap(serviceFn(same));
      return { layer: andThen(second, { reserve }), held: () => heldBy(semaphore) };
    },
  };
}

export const layers: LayerShapes = {
  mapRequest: {
    observes: true,
    calm: () => mapRequest(same),
    drawn: () => ({ layer: mapRequest((request: string) => `${request}'`) }),
  },
  mapResponse: {
    calm: () => mapResponse(same),
    drawn: () => ({ layer: mapResponse((response: string) => `${response}'`) }),
  },
  "mapResponse, async": {
    calm: () => mapResponse(async (response: string) => response),
    drawn: () => ({ layer: mapResponse(async (response: string) => `${response}'`) }),
  },
  mapFailure: {
    calm: () => mapFailure(same),
    drawn: () => ({ layer: mapFailure(() => new Transient("mapped")) }),
  },
  mapResult: {
    calm: () => mapResult(same),
    drawn: () => ({ layer: mapResult(same) }),
  },
  // Not calm: what fails to become ready is given to its function too, and so a permit is there before the failure is.
  "mapResult, async": {
    answers: true,
    drawn: () => ({ layer: mapResult(async (outcome) => outcome) }),
  },
  recover: {
    answers: true,
    calm: () => recover(NeverRaised, () => "recovered"),
    drawn: () => ({ layer: recover(Transient, async () => "recovered") }),
  },
  filter: {
    observes: true,
    calm: () => filter(() => true),
    drawn: ({ size }) => ({ layer: filter((request: string) => request.length % 4 !== size) }),
  },
  "filter, async": {
    defers: true,
    calm: () => filter(async () => true),
    drawn: ({ size }) => ({ layer: filter(async (request: string) => request.length % 4 !== size) }),
  },
  "andThen, both": then("both"),
  "andThen, late": then("late"),
  either: {
    observes: true,
    calm: () => either(false, identity(), mapRequest(same)),
    drawn: ({ size }) => ({ layer: either(size > 1, mapResponse(same), mapRequest(same)) }),
  },
  fallback: {
    answers: true,
    // A rate inside refuses who cannot start by a deadline, who then waits for the other alone, and later ones for both.
    opaque: "nobody outside can tell in which of two lines a caller stands",
    calm: () => fallback({ to: serviceFn(same), when: () => false, whenFull: false }),
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      const to = gate(semaphore, { name: "to" }).wrap(serviceFn(same));
      return { layer: fallback({ to }), held: () => heldBy(semaphore) };
    },
  },
  optional: {
    observes: true,
    calm: () => optional(mapRequest(same)),
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      if (size === 1) return { layer: optional(undefined) };
      return { layer: optional(gate(semaphore, { name: "gate" })), held: () => heldBy(semaphore), max: size };
    },
  },
};
