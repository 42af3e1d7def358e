import { setTimeout as nodeTimer } from "node:timers";
import { gate, identity, Semaphore } from "@sluice/core";
import { boom, type BrokenLayer } from "./broken-layer.ts";
import { onAnotherClock } from "./broken-services.ts";
import { doubtful } from "./impatient.ts";
import { wrapped } from "./wrapped.ts";

/** Layers that break what is promised about time, and about options: 13 and 14. */
export const brokenTime: readonly BrokenLayer[] = [
  [
    "throughClock",
    "reads the time where it likes",
    () => wrapped({ call: (next) => (performance.now() > 0 ? next() : next()) }),
  ],
  [
    "throughClock",
    "sets timers on the process",
    () =>
      wrapped({
        call(next) {
          clearTimeout(setTimeout(() => {}, 0));
          return next();
        },
      }),
  ],
  ["throughClock", "has a clock, and sets timers on another", onAnotherClock],
  [
    "throughClock",
    "has a timer that throws",
    ({ clock }) =>
      wrapped({
        call(next) {
          const timer = clock.setTimeout(() => {
            throw boom;
          }, 10);
          return next().finally(() => {
            clock.clearTimeout(timer);
          });
        },
      }),
  ],
  ["believed", "looks at the time when a timer fires, and waits on", ({ clock }) => doubtful(clock)],
  [
    "idle",
    "leaves a timer armed",
    ({ clock }) =>
      wrapped({
        call(next) {
          clock.setTimeout(() => {}, 1_000);
          return next();
        },
      }),
  ],
  [
    "idle",
    "ticks from the beginning",
    ({ clock }) => {
      const tick = (): void => {
        clock.setTimeout(tick, 1_000);
      };
      tick();
      return identity();
    },
  ],
  [
    "idle",
    "keeps the process alive",
    () =>
      wrapped({
        call(next) {
          nodeTimer(() => {}, 1);
          return next();
        },
      }),
  ],
  [
    "refused",
    "takes what it cannot use",
    () => identity(),
    { badOptions: [{ option: "max", value: -1, make: () => identity() }] },
  ],
  [
    "refused",
    "does not say what was wrong",
    () => gate(new Semaphore(1), { name: "one" }),
    { badOptions: [{ option: "limit", value: -1, make: (max: number) => new Semaphore(max) }] },
  ],
];
