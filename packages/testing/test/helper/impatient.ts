import type { AnyLayer, CallOptions } from "@sluice/core";
import type { VirtualClock } from "../../src/index.ts";
import { boom } from "./broken-layer.ts";
import { ownPlaces } from "./own-places.ts";
import { stacked } from "./stacked.ts";
import { wrapped } from "./wrapped.ts";

type GivesUp = (work: Promise<unknown>, options: CallOptions) => void;

/** Gives up on work that takes more than 10 ms; `givesUp` says to whom it tells that it goes on. */
export function impatient(clock: VirtualClock, givesUp: GivesUp): AnyLayer {
  return wrapped({
    call: (next, options) =>
      new Promise((kept, failed) => {
        const work = next();
        const timer = clock.setTimeout(() => {
          givesUp(work, options);
          failed(boom);
        }, 10);
        work.then(kept, failed).finally(() => {
          clock.clearTimeout(timer);
        });
      }),
  });
}

/** In time, as it should be. */
export const handsUp: GivesUp = (work, { waitUntil }) => waitUntil?.(work);

/** When the answer is out. */
export const handsUpLate: GivesUp = (work, { waitUntil }) => {
  void Promise.resolve()
    .then(() => {})
    .then(() => waitUntil?.(work));
};

/** A limit and a timeout in one: whoever is told that it has taken too long has left. */
export function impatientLimit(clock: VirtualClock): AnyLayer {
  return stacked(ownPlaces(1, { freeAtAnswer: true }), impatient(clock, handsUp));
}

/** Calls 10 ms later, by the time that it reads itself. */
export function doubtful(clock: VirtualClock): AnyLayer {
  return wrapped({
    call: (next, { signal }) =>
      new Promise((kept, failed) => {
        const due = clock.now() + 10;
        const wait = (): void => {
          if (clock.now() < due) timer = clock.setTimeout(wait, due - clock.now());
          else next().then(kept, failed);
        };
        let timer = clock.setTimeout(wait, 10);
        signal?.addEventListener("abort", () => {
          clock.clearTimeout(timer);
        });
      }),
  });
}
